// The bar on top of every page: name, pages, tenant, theme, sign-out.
import { endSession, session } from '../auth/session'
import { IconButton } from '../components/Button'
import { Segmented } from '../components/Segmented'
import { theme } from '../theme/theme'
import { Logo } from './Logo'
import { PAGES, type PageEntry } from './pages'
import { chooseTenant, tenant, tenants } from './tenants'

export function TopBar({ page }: { page: PageEntry }) {
  return (
    <header class="flex h-12 shrink-0 items-center gap-4 border-b border-line bg-surface px-3 max-md:gap-2">
      <Logo />
      <nav aria-label="Pages" class="flex h-full max-sm:hidden">
        {PAGES.map((entry) => (
          <a
            key={entry.id}
            href={`#/${entry.id}`}
            aria-current={entry === page ? 'page' : undefined}
            class={`flex items-center px-2 text-sm font-medium -outline-offset-2 ${entry === page ? 'text-text' : 'text-muted hover:text-text'}`}
          >
            {entry.title}
          </a>
        ))}
      </nav>
      <div class="ml-auto flex min-w-0 items-center gap-2">
        <TenantSelect />
        <Segmented
          label="Theme"
          choices={[
            { value: 'system', label: 'As the system', icon: 'screen' },
            { value: 'light', label: 'Light', icon: 'sun' },
            { value: 'dark', label: 'Dark', icon: 'moon' },
          ]}
          value={theme.value}
          onChange={(next) => (theme.value = next)}
        />
        <IconButton icon="exit" label="Sign out" onClick={() => endSession(null)} />
      </div>
    </header>
  )
}

function TenantSelect() {
  const list = tenants.value
  const bound = session.value?.tenant ?? null
  if (bound !== null) {
    return (
      <span class="min-w-0 truncate text-sm" title="This key belongs to one tenant">
        <span class="text-muted">tenant </span>
        <span class="font-medium">{bound}</span>
      </span>
    )
  }
  return (
    <label class="flex min-w-0 items-center gap-2 text-sm">
      <span class="text-muted max-sm:sr-only">Tenant</span>
      <select
        class="h-8 w-36 min-w-0 rounded-md border border-line bg-surface px-2 font-medium shadow-card max-sm:w-24"
        disabled={!list || list.length === 0}
        value={tenant.value ?? ''}
        onChange={(event) => chooseTenant(event.currentTarget.value)}
      >
        {(list ?? []).map((slug) => (
          <option key={slug}>{slug}</option>
        ))}
      </select>
    </label>
  )
}
