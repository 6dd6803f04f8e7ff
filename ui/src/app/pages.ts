// The console's nine pages: name, address, key and how to load each. A new page is a folder below `pages/` and one entry here.
import type { FunctionComponent } from 'preact'
import type { IconName } from '../components/Icon'
import type { Route } from './route'

export interface PageProps {
  tenant: string
  route: Route
}

export interface PageEntry {
  /** Its address is `#/<id>`. */
  id: string
  title: string
  icon: IconName
  /** The second key after `g`. */
  key: string
  /** Pages about one tenant, and pages about the host. */
  about: 'tenant' | 'host'
  /** What the palette finds it by, beside its title. */
  words: string
  /** Each page is a chunk of its own. */
  load: () => Promise<{ default: FunctionComponent<PageProps> }>
}

const playground: PageEntry = {
  id: 'playground', title: 'Playground', icon: 'play', key: 'p', about: 'tenant', words: 'run code prompt editor', load: () => import('../pages/playground'),
}

export const PAGES: PageEntry[] = [
  playground,
  { id: 'functions', title: 'Functions', icon: 'function', key: 'f', about: 'tenant', words: 'versions aliases routes env secrets egress deploy rollback', load: () => import('../pages/functions') },
  { id: 'logs', title: 'Logs', icon: 'lines', key: 'l', about: 'tenant', words: 'tail console errors requests', load: () => import('../pages/logs') },
  { id: 'usage', title: 'Usage', icon: 'chart', key: 'u', about: 'tenant', words: 'metrics cpu memory billing export', load: () => import('../pages/usage') },
  { id: 'keys', title: 'Keys', icon: 'key', key: 'k', about: 'tenant', words: 'api token secret scopes rotate revoke', load: () => import('../pages/keys') },
  { id: 'overview', title: 'Tenants', icon: 'grid', key: 't', about: 'host', words: 'overview suspend resume plan limits create delete', load: () => import('../pages/overview') },
  { id: 'audit', title: 'Audit', icon: 'shield', key: 'a', about: 'host', words: 'who changed what chain verify', load: () => import('../pages/audit') },
  { id: 'settings', title: 'Health', icon: 'pulse', key: 'h', about: 'host', words: 'settings store cache pool limits version doctor', load: () => import('../pages/settings') },
  { id: 'docs', title: 'Docs', icon: 'book', key: 'd', about: 'host', words: 'api reference runtime types problems help', load: () => import('../pages/docs') },
]

export function pageAt(id: string): PageEntry {
  return PAGES.find((page) => page.id === id) ?? playground
}
