// The console's pages: name, address and how to load each. A new page is a folder below `pages/` and one entry here.
import type { FunctionComponent } from 'preact'

export interface PageProps {
  tenant: string
}

export interface PageEntry {
  /** Its address is `#/<id>`. */
  id: string
  title: string
  /** Each page is a chunk of its own. */
  load: () => Promise<{ default: FunctionComponent<PageProps> }>
}

const playground: PageEntry = { id: 'playground', title: 'Playground', load: () => import('../pages/playground') }

export const PAGES: PageEntry[] = [playground]

export function pageAt(hash: string): PageEntry {
  const id = /^#\/([\w-]+)/.exec(hash)?.[1]
  return PAGES.find((page) => page.id === id) ?? playground
}
