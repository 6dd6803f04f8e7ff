// The console's addresses: `#/page/part/…?tenant=slug`. Reads and writes them; which page an address means is `pages.ts`.
import { signal } from '@preact/signals'

export interface Route {
  page: string
  /** What follows the page's name, e.g. a function and one of its tabs. */
  parts: string[]
  query: URLSearchParams
}

export const route = signal<Route>(parseRoute(location.hash))

function follow(): void {
  route.value = parseRoute(location.hash)
}

/** Follows the address from now on. */
export function followRoute(): () => void {
  follow()
  window.addEventListener('hashchange', follow)
  return () => window.removeEventListener('hashchange', follow)
}

export function hrefOf(page: string, parts: string[] = [], query: Record<string, string | null> = {}): string {
  const path = [page, ...parts].map(encodeURIComponent).join('/')
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== '')
  const search = new URLSearchParams(given).toString()
  return `#/${path}${search === '' ? '' : `?${search}`}`
}

export function go(href: string): void {
  location.hash = href
}

/** Changes the query of this address without a new entry in the browser's history. */
export function replaceQuery(change: Record<string, string | null>): void {
  const { page, parts, query } = route.peek()
  const next = { ...Object.fromEntries(query), ...change }
  history.replaceState(null, '', hrefOf(page, parts, next))
  route.value = parseRoute(location.hash)
}

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [page = '', ...parts] = path.split('/').filter((part) => part !== '').map(decoded)
  return { page, parts, query: new URLSearchParams(search) }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
