// What the reader is working on: modules, prompt, request, variables, limits. Kept in local storage per tenant. Running it
// is `runner.ts`; the text cursor and undo history live in the editor.
import { batch, computed, effect, signal } from '@preact/signals'
import type { HeaderList, Limits, Modules, Rule } from '../../../api/types'
import { DEFAULT_EXAMPLE, type Example } from '../../../examples/gallery'
import { besideOf, NOTHING_BESIDE, type Beside } from './code'

export type Mode = 'prompt' | 'request'

export interface RequestDraft {
  method: string
  path: string
  headers: HeaderList
  body: string
}

interface SavedDraft {
  modules: Modules
  mainModule: string
  activeFile: string
  mode: Mode
  prompt: string
  request: RequestDraft
  env: [name: string, value: string][]
  limits: Partial<Limits>
  /** Hosts that runs of this draft may call, as far as tenant and operator allow it. */
  egress: Rule[]
  /** What belongs to the code and is no text. */
  beside: Beside
  /** The function that the code came from or went to last. */
  functionName: string | null
}

const EMPTY_REQUEST: RequestDraft = { method: 'GET', path: '/', headers: [], body: '' }

const SAVE_DELAY_MS = 300

export type Draft = ReturnType<typeof createDraft>

export function createDraft(tenant: string) {
  const storageKey = `isolet.draft.${tenant}`
  const start = restore(storageKey) ?? fromExample(DEFAULT_EXAMPLE)

  const modules = signal<Modules>(start.modules)
  const mainModule = signal(start.mainModule)
  const activeFile = signal(start.activeFile)
  const mode = signal<Mode>(start.mode)
  const prompt = signal(start.prompt)
  const request = signal<RequestDraft>(start.request)
  const env = signal(start.env)
  const limits = signal(start.limits)
  const egress = signal<Rule[]>(start.egress)
  const beside = signal(start.beside)
  const functionName = signal(start.functionName)
  /** Grows whenever the modules were replaced from outside the editor, which then starts afresh. */
  const generation = signal(0)
  const saving = signal<'saved' | 'pending' | 'failed'>('saved')

  // Joined, so that typing in a file does not look like a change of the list.
  const joinedNames = computed(() => Object.keys(modules.value).join('\n'))
  const fileNames = computed(() => joinedNames.value.split('\n'))

  const snapshot = (): SavedDraft => ({
    modules: modules.value,
    mainModule: mainModule.value,
    activeFile: activeFile.value,
    mode: mode.value,
    prompt: prompt.value,
    request: request.value,
    env: env.value,
    limits: limits.value,
    egress: egress.value,
    beside: beside.value,
    functionName: functionName.value,
  })

  const save = (): void => {
    try {
      localStorage.setItem(storageKey, JSON.stringify(snapshot()))
      saving.value = 'saved'
    } catch {
      // Storage full or switched off: the page goes on, and its status bar says that nothing is kept.
      saving.value = 'failed'
    }
  }

  /** A tab may be closed before the last change was saved; and only what could not be kept is worth a question. */
  const onLeave = (event: Event): void => {
    save()
    if (event.type === 'beforeunload' && saving.peek() === 'failed') event.preventDefault()
  }

  /** Starts saving shortly after each change; returns what ends it. */
  const keepSaved = (): (() => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let first = true
    const stop = effect(() => {
      snapshot()
      if (first) {
        first = false
        return
      }
      saving.value = 'pending'
      clearTimeout(timer)
      timer = setTimeout(save, SAVE_DELAY_MS)
    })
    window.addEventListener('pagehide', onLeave)
    window.addEventListener('beforeunload', onLeave)
    return () => {
      window.removeEventListener('pagehide', onLeave)
      window.removeEventListener('beforeunload', onLeave)
      stop()
      clearTimeout(timer)
      save()
    }
  }

  const load = (next: Partial<SavedDraft> & Pick<SavedDraft, 'modules' | 'mainModule'>): void => {
    batch(() => {
      modules.value = next.modules
      mainModule.value = next.mainModule
      activeFile.value = next.activeFile ?? next.mainModule
      mode.value = next.mode ?? 'prompt'
      if (next.prompt !== undefined) prompt.value = next.prompt
      if (next.request) request.value = next.request
      if (next.env) env.value = next.env
      limits.value = next.limits ?? {}
      egress.value = next.egress ?? []
      beside.value = next.beside ?? NOTHING_BESIDE
      if (next.functionName !== undefined) functionName.value = next.functionName
      generation.value += 1
    })
  }

  const setText = (file: string, text: string): void => {
    if (modules.value[file] !== text) modules.value = { ...modules.value, [file]: text }
  }

  const addFile = (name: string): void => {
    batch(() => {
      modules.value = { ...modules.value, [name]: '' }
      activeFile.value = name
    })
  }

  const renameFile = (from: string, to: string): void => {
    batch(() => {
      modules.value = Object.fromEntries(Object.entries(modules.value).map(([name, text]) => [name === from ? to : name, text]))
      const { [from]: kind, ...kinds } = beside.value.kinds
      if (kind !== undefined) beside.value = { ...beside.value, kinds: { ...kinds, [to]: kind } }
      if (mainModule.value === from) mainModule.value = to
      if (activeFile.value === from) activeFile.value = to
    })
  }

  const removeFile = (name: string): void => {
    batch(() => {
      modules.value = Object.fromEntries(Object.entries(modules.value).filter(([other]) => other !== name))
      if (activeFile.value === name) activeFile.value = mainModule.value
    })
  }

  return {
    tenant, modules, mainModule, activeFile, mode, prompt, request, env, limits, egress, beside, functionName, generation, saving, fileNames,
    save, keepSaved, load, setText, addFile, renameFile, removeFile,
    loadExample: (example: Example): void => load(fromExample(example)),
  }
}

/** Why a module may not be called that, or `null`. */
export function fileNameFault(name: string, others: string[]): string | null {
  if (!/\.(?:[mc]?js|jsx|m?ts|tsx|json|txt|md|html|css|svg)$/.test(name)) return 'End the name in .js, .ts, .tsx, .json, .txt, .md, .html, .css or .svg'
  if (!/^[\w@-][\w@./-]*$/.test(name)) return 'Use letters, digits and . _ - / @ only'
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) return 'No empty, . or .. folders'
  if (others.includes(name)) return 'There is a file of this name already'
  return null
}

function fromExample(example: Example): SavedDraft {
  return {
    modules: example.modules,
    mainModule: example.mainModule,
    activeFile: example.mainModule,
    mode: 'prompt',
    prompt: example.prompt,
    request: EMPTY_REQUEST,
    env: Object.entries(example.env),
    limits: {},
    egress: [],
    beside: NOTHING_BESIDE,
    functionName: null,
  }
}

function restore(storageKey: string): SavedDraft | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? 'null')
    return isSavedDraft(stored) ? { ...stored, egress: stored.egress ?? [], beside: besideOf(stored.beside), functionName: stored.functionName ?? null } : null
  } catch {
    return null
  }
}

/** Enough to open it safely: written by this page, but perhaps by an older one. */
function isSavedDraft(value: unknown): value is SavedDraft {
  if (typeof value !== 'object' || value === null) return false
  const draft: Partial<Record<keyof SavedDraft, unknown>> = value
  const modules = draft.modules
  if (typeof modules !== 'object' || modules === null || Object.values(modules).some((text) => typeof text !== 'string')) return false
  return (
    typeof draft.mainModule === 'string' && draft.mainModule in modules &&
    typeof draft.activeFile === 'string' && draft.activeFile in modules &&
    (draft.mode === 'prompt' || draft.mode === 'request') &&
    typeof draft.prompt === 'string' && Array.isArray(draft.env) &&
    typeof draft.limits === 'object' && draft.limits !== null &&
    typeof draft.request === 'object' && draft.request !== null && 'headers' in draft.request && Array.isArray(draft.request.headers)
  )
}
