// The way from page to page: a rail beside the page, and the same list as a drawer where the window is narrow.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { IconButton } from '../components/Button'
import { Icon } from '../components/Icon'
import { info } from './info'
import { Logo } from './Logo'
import { PAGES, type PageEntry } from './pages'
import { hrefOf, route } from './route'
import { ThemeChoice } from './ThemeChoice'

const STORAGE_KEY = 'isolet.nav'
export const DRAWER_ID = 'nav-drawer'

/** The reader's own choice; until there is one, only the playground, which needs the width, has the narrow rail. */
const choice = signal<string | null>(localStorage.getItem(STORAGE_KEY))
const GROUPS = [
  { about: 'tenant' as const, title: 'Tenant' },
  { about: 'host' as const, title: 'Host' },
]

export function NavRail({ page }: { page: PageEntry }) {
  const narrow = choice.value === null ? page.id === 'playground' : choice.value === 'narrow'
  const toggle = (): void => {
    choice.value = narrow ? 'wide' : 'narrow'
    localStorage.setItem(STORAGE_KEY, choice.value)
  }
  return (
    <nav aria-label="Pages" class={`flex shrink-0 flex-col border-r border-line bg-canvas px-2 py-3 max-md:hidden ${narrow ? 'w-13' : 'w-48'}`}>
      <Links page={page} narrow={narrow} />
      <div class={`mt-auto flex items-center ${narrow ? 'justify-center' : 'justify-between pl-2'}`}>
        {!narrow && <span class="truncate text-2xs text-muted">isolet {info.value?.version ?? ''}</span>}
        <IconButton icon={narrow ? 'expand' : 'collapse'} label={narrow ? 'Widen the navigation' : 'Narrow the navigation'} onClick={toggle} />
      </div>
    </nav>
  )
}

export function NavDrawer({ page }: { page: PageEntry }) {
  const close = (): void => document.getElementById(DRAWER_ID)?.hidePopover()
  // A link of the drawer was followed.
  useEffect(close, [route.value])
  return (
    <div
      id={DRAWER_ID}
      popover="auto"
      role="dialog"
      aria-label="Navigation"
      class="fixed inset-y-0 left-0 m-0 h-full max-h-none w-64 flex-col border-r border-line bg-surface p-3 text-text shadow-float backdrop:bg-[#00000059] md:hidden [&:popover-open]:flex"
    >
      <div class="mb-4 flex items-center justify-between pl-2">
        <Logo />
        <IconButton icon="close" label="Close the navigation" onClick={close} />
      </div>
      <Links page={page} narrow={false} />
      <div class="mt-auto flex items-center justify-between pl-2 text-sm text-muted">
        Theme
        <ThemeChoice label="Theme, in the navigation" />
      </div>
    </div>
  )
}

function Links({ page, narrow }: { page: PageEntry; narrow: boolean }) {
  return (
    <div class="flex flex-col gap-4">
      {GROUPS.map(({ about, title }) => (
        <div key={about}>
          {narrow ? (
            about === 'host' && <div class="mx-2 mb-3 border-t border-line" />
          ) : (
            <p class="px-2 pb-1 text-2xs font-semibold tracking-wide text-muted uppercase">{title}</p>
          )}
          <ul class="flex flex-col gap-0.5">
            {PAGES.filter((entry) => entry.about === about).map((entry) => (
              <li key={entry.id}>
                <Link entry={entry} current={entry === page} narrow={narrow} />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  )
}

function Link({ entry, current, narrow }: { entry: PageEntry; current: boolean; narrow: boolean }) {
  return (
    <a
      href={hrefOf(entry.id)}
      aria-current={current ? 'page' : undefined}
      aria-label={narrow ? entry.title : undefined}
      title={narrow ? `${entry.title} (g ${entry.key})` : undefined}
      class={`flex h-8 items-center gap-2.5 rounded-md text-sm font-medium transition-colors pointer-coarse:h-10 ${narrow ? 'justify-center' : 'px-2'} ${
        current ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-raised hover:text-text'
      }`}
    >
      <Icon name={entry.icon} size={16} />
      {!narrow && entry.title}
    </a>
  )
}
