// A version's code to and from the draft. The editor knows texts; what else a module is, modules that are no text and what the code is built with
// stay beside them, and go along when it is run or deployed.
import type { ModuleSource, Modules, SentCode, VersionSource } from '../../../api/types'

export interface Beside {
  /** What a module is whose name does not say so. */
  kinds: Record<string, string>
  /** Modules that are no text. */
  modules: Record<string, ModuleSource>
  options: VersionSource['options']
}

export const NOTHING_BESIDE: Beside = { kinds: {}, modules: {}, options: null }

export interface Opened {
  modules: Modules
  mainModule: string
  beside: Beside
}

/** `null` where the main module is no text. */
export function openedOf(source: VersionSource): Opened | null {
  const opened: Opened = { modules: {}, mainModule: source.main_module, beside: { kinds: {}, modules: {}, options: source.options ?? null } }
  for (const [name, module] of Object.entries(source.modules)) {
    const [kind, value] = typeof module === 'string' ? ['', module] : (Object.entries(module)[0] ?? ['', null])
    if (typeof value !== 'string' || kind === 'data') {
      opened.beside.modules[name] = module
      continue
    }
    opened.modules[name] = value
    if (kind !== '') opened.beside.kinds[name] = kind
  }
  return opened.mainModule in opened.modules ? opened : null
}

/** As the API takes it. */
export function codeOf(modules: Modules, mainModule: string, beside: Beside): SentCode {
  const texts = Object.entries(modules).map(([name, text]): [string, ModuleSource] => {
    const kind = beside.kinds[name]
    return [name, kind === undefined ? text : { [kind]: text }]
  })
  return { modules: { ...beside.modules, ...Object.fromEntries(texts) }, main_module: mainModule }
}

/** Beside the code, where there is something to say. */
export const optionsOf = ({ options }: Beside): { options?: NonNullable<Beside['options']> } => (options ? { options } : {})

export function besideOf(value: unknown): Beside {
  const found: Partial<Beside> = typeof value === 'object' && value !== null ? value : {}
  return { kinds: found.kinds ?? {}, modules: found.modules ?? {}, options: found.options ?? null }
}
