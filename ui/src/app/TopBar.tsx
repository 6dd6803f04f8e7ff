// The bar on top of every page: name, page, tenant, search, theme, help, sign-out.
import { endSession } from '../auth/session'
import { IconButton } from '../components/Button'
import { Icon } from '../components/Icon'
import { MOD } from '../text/keys'
import { overlay } from './commands'
import { Logo } from './Logo'
import { DRAWER_ID } from './Nav'
import type { PageEntry } from './pages'
import { hrefOf } from './route'
import { TenantSwitch } from './TenantSwitch'
import { ThemeChoice } from './ThemeChoice'

export function TopBar({ page }: { page: PageEntry }) {
  return (
    <header class="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-surface px-3 max-md:gap-1.5">
      <IconButton icon="menu" label="Navigation" class="md:hidden" popovertarget={DRAWER_ID} />
      <a href={hrefOf('playground')} aria-label="isolet: to the playground" class="rounded-md max-md:hidden">
        <Logo />
      </a>
      <span aria-hidden="true" class="text-line-strong max-md:hidden">/</span>
      <TenantSwitch />
      <span aria-hidden="true" class="text-line-strong max-md:hidden">/</span>
      <h1 class="truncate text-sm font-semibold max-md:sr-only">{page.title}</h1>
      <div class="ml-auto flex min-w-0 items-center gap-1.5">
        <button
          type="button"
          aria-keyshortcuts="Control+K Meta+K"
          onClick={() => (overlay.value = 'palette')}
          class="flex h-8 items-center gap-2 rounded-md border border-line bg-sunken px-2.5 text-sm text-muted transition-colors hover:border-line-strong max-lg:border-transparent max-lg:bg-transparent lg:w-56 pointer-coarse:h-9"
        >
          <Icon name="search" size={14} />
          <span class="max-lg:sr-only">Search</span>
          <kbd aria-hidden="true" class="ml-auto rounded border border-line bg-surface px-1.5 font-sans text-2xs max-lg:hidden">{MOD} K</kbd>
        </button>
        <span class="max-sm:hidden">
          <ThemeChoice label="Theme" />
        </span>
        <IconButton icon="question" label="Keys and help" onClick={() => (overlay.value = 'help')} />
        <IconButton icon="exit" label="Sign out" onClick={() => endSession(null)} />
      </div>
    </header>
  )
}
