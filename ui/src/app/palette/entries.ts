// What the palette can find: the page's commands, pages, the tenant's functions, tenants, settings. How it is shown is `Palette.tsx`.
import { signal } from '@preact/signals'
import { listFunctions } from '../../api/functions'
import type { FunctionEntry } from '../../api/types'
import { endSession } from '../../auth/session'
import { theme } from '../../theme/theme'
import { overlay, pageCommands, type Command } from '../commands'
import { PAGES } from '../pages'
import { go, hrefOf } from '../route'
import { chooseTenant, tenant, tenants } from '../tenants'

/** More than these of one kind would bury the others. */
const MOST_OF_A_KIND = 8

const functions = signal<{ tenant: string; list: FunctionEntry[] } | null>(null)

/** Asked for when the palette opens; without an answer the palette has all the rest. */
export async function loadFunctions(): Promise<void> {
  const slug = tenant.peek()
  if (slug === null) return
  try {
    functions.value = { tenant: slug, list: await listFunctions(slug) }
  } catch {
    functions.value = null
  }
}

export interface Group {
  title: string
  commands: Command[]
}

export function groupsFor(query: string): Group[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== '')
  const matching = (commands: Command[]): Command[] =>
    commands.filter(({ title, words: more = '' }) => {
      const text = `${title} ${more}`.toLowerCase()
      return words.every((word) => text.includes(word))
    }).slice(0, MOST_OF_A_KIND + (words.length === 0 ? 1 : 0))
  return [
    { title: 'This page', commands: matching(pageCommands.value) },
    { title: 'Pages', commands: matching(pages()) },
    { title: 'Functions', commands: matching(functionCommands()) },
    { title: 'Tenants', commands: words.length === 0 ? [] : matching(tenantCommands()) },
    { title: 'Console', commands: matching(settings()) },
  ].filter(({ commands }) => commands.length > 0)
}

function pages(): Command[] {
  return PAGES.map(({ id, title, icon, key, words }) => ({ id: `page-${id}`, title, icon, words, hint: `g ${key}`, act: () => go(hrefOf(id)) }))
}

function functionCommands(): Command[] {
  const known = functions.value
  if (known === null || known.tenant !== tenant.value) return []
  return known.list.map(({ name }) => ({ id: `function-${name}`, title: name, icon: 'function', words: 'function', hint: 'function', act: () => go(hrefOf('functions', [name])) }))
}

function tenantCommands(): Command[] {
  const list = tenants.value ?? []
  return list.map((slug) => ({ id: `tenant-${slug}`, title: slug, icon: 'grid', words: 'tenant switch', hint: 'switch to this tenant', act: () => chooseTenant(slug) }))
}

function settings(): Command[] {
  return [
    { id: 'theme-light', title: 'Light theme', icon: 'sun', words: 'colour mode', act: () => void (theme.value = 'light') },
    { id: 'theme-dark', title: 'Dark theme', icon: 'moon', words: 'colour mode', act: () => void (theme.value = 'dark') },
    { id: 'theme-system', title: 'Theme as the system', icon: 'screen', words: 'colour mode', act: () => void (theme.value = 'system') },
    { id: 'help', title: 'Keys', icon: 'info', words: 'help shortcuts keyboard', hint: '?', act: () => void (overlay.value = 'help') },
    { id: 'sign-out', title: 'Sign out', icon: 'exit', words: 'log out end session', act: () => endSession(null) },
  ]
}
