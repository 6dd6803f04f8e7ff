// Runs the draft: checks it, sends it, follows the stream, can be stopped. What a run looks like meanwhile is `runView.ts`.
import { computed, signal } from '@preact/signals'
import { asApiError } from '../../../api/problem'
import { streamRun } from '../../../api/resources'
import type { Limits, RunRequest } from '../../../api/types'
import { DEFAULT_EXAMPLE } from '../../../examples/gallery'
import { codeOf, optionsOf } from './code'
import type { Draft } from './draft'
import { codeProblems, idleView, RunInProgress, type RunView } from './runView'

/** `PROMPT_CHARS` of `host/domain/src/limits.rs`: 1–16,384 characters, counted as code points. */
export const PROMPT_MAX = 16_384

export function promptLength(prompt: string): number {
  // Code points only where it can matter: short texts are fine whichever way one counts.
  return prompt.length > PROMPT_MAX ? [...prompt].length : prompt.length
}

export function promptFault(prompt: string): string | null {
  const length = promptLength(prompt)
  if (length === 0) return 'Type a prompt of at least one character.'
  if (length > PROMPT_MAX) return `The prompt is ${(length - PROMPT_MAX).toLocaleString('en-US')} characters too long.`
  return null
}

export type Runner = ReturnType<typeof createRunner>

export function createRunner(draft: Draft, onRecorded: () => void) {
  const view = signal<RunView>(idleView())
  const running = computed(() => view.value.state === 'running')
  /** The last run's faults, as long as the code is what ran. */
  const problems = computed(() => (view.value.sent?.code.modules === draft.modules.value ? codeProblems(view.value) : []))
  /** True after a click on Run with a prompt that cannot be sent: then the field says why. */
  const promptRefused = signal(false)
  /** Set when the editor was empty and the default function stepped in. */
  const usedDefault = signal(false)
  let abort: AbortController | null = null

  const run = async (): Promise<void> => {
    if (draft.mode.value === 'prompt' && promptFault(draft.prompt.value) !== null) {
      promptRefused.value = true
      document.getElementById('prompt')?.focus()
      return
    }
    promptRefused.value = false
    fillEmptyEditor()
    abort?.abort()
    const mine = new AbortController()
    abort = mine

    const request = buildRequest(draft)
    const progress = new RunInProgress(request)
    // At most one render per frame, however fast events come; the last word is always shown at once.
    let frame = 0
    const publish = (): void => {
      frame = 0
      if (abort === mine) view.value = progress.view()
    }
    publish()
    try {
      for await (const event of streamRun(draft.tenant, request, mine.signal)) {
        progress.apply(event)
        if (event.event !== 'done') {
          if (frame === 0) frame = requestAnimationFrame(publish)
          continue
        }
        // From here on the next run may begin: what is left of this stream is only its end.
        cancelAnimationFrame(frame)
        publish()
        if (abort === mine) abort = null
        onRecorded()
      }
    } catch (thrown) {
      cancelAnimationFrame(frame)
      if (abort !== mine) return
      const sofar = progress.view()
      view.value = mine.signal.aborted ? { ...sofar, state: 'stopped' } : { ...sofar, state: 'refused', problem: asApiError(thrown) }
      abort = null
      onRecorded()
    }
  }

  const fillEmptyEditor = (): void => {
    const empty = (draft.modules.value[draft.mainModule.value] ?? '').trim() === ''
    usedDefault.value = empty
    if (!empty) return
    const modules = { ...draft.modules.value, [draft.mainModule.value]: DEFAULT_EXAMPLE.modules[DEFAULT_EXAMPLE.mainModule] ?? '' }
    draft.load({ modules, mainModule: draft.mainModule.value, mode: draft.mode.value, limits: draft.limits.value, beside: draft.beside.value })
  }

  return { view, running, problems, promptRefused, usedDefault, run, stop: (): void => abort?.abort() }
}

/** The call's body, exactly as sent; the curl tab prints the same. */
export function buildRequest(draft: Draft): RunRequest {
  const request: RunRequest = { code: codeOf(draft.modules.value, draft.mainModule.value, draft.beside.value), ...optionsOf(draft.beside.value) }
  if (draft.mode.value === 'prompt') {
    request.prompt = draft.prompt.value
  } else {
    const { method, path, headers, body } = draft.request.value
    request.request = { method, path: path.startsWith('/') ? path : `/${path}`, headers: headers.filter(([name]) => name.trim() !== '') }
    if (body !== '' && method !== 'GET' && method !== 'HEAD') request.request.body = { text: body }
  }
  const env = draft.env.value.filter(([name]) => name.trim() !== '')
  if (env.length > 0) request.env = Object.fromEntries(env)
  const limits: Partial<Limits> = draft.limits.value
  if (Object.keys(limits).length > 0) request.limits = limits
  if (draft.egress.value.length > 0) request.egress = { rules: draft.egress.value }
  request.record = true
  return request
}
