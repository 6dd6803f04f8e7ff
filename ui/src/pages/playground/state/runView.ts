// One run as the page sees it, from the click to the result, and how each event of the stream changes it.
// Sending it is `runner.ts`; showing it is `response/` and `activity/`.
import type { ApiError } from '../../../api/problem'
import type { Body, GuestError, LogLine, Phase, RecordedRun, RunEvent, RunRequest, RunResult, Subrequest } from '../../../api/types'
import { BodyBuffer, bytesOfBase64, type BodySnapshot } from './bodyBuffer'

export interface RunView {
  /** `refused`: the API would not run it (see `problem`). `stopped`: the reader ended it. */
  state: 'idle' | 'running' | 'done' | 'refused' | 'stopped'
  sent: RunRequest | null
  phases: Partial<Record<Phase, number>>
  head: { status: number; headers: [string, string][] } | null
  body: BodySnapshot
  logs: LogLine[]
  subrequests: Subrequest[]
  result: RunResult | null
  problem: ApiError | null
  /** When the result comes from history: the moment of that run. */
  recordedAt: string | null
}

export function idleView(): RunView {
  return {
    state: 'idle', sent: null, phases: {}, head: null, body: new BodyBuffer().snapshot(),
    logs: [], subrequests: [], result: null, problem: null, recordedAt: null,
  }
}

/** Gathers a stream's events; `view()` is what they add up to so far. */
export class RunInProgress {
  #view: RunView
  #body = new BodyBuffer()
  #logs: LogLine[] = []
  #subrequests: Subrequest[] = []

  constructor(sent: RunRequest) {
    this.#view = { ...idleView(), state: 'running', sent }
  }

  apply(event: RunEvent): void {
    switch (event.event) {
      case 'phase':
        this.#view.phases = { ...this.#view.phases, [event.data.phase]: event.data.ms }
        break
      case 'log':
        this.#logs.push(event.data)
        break
      case 'subrequest':
        this.#subrequests.push(event.data)
        break
      case 'head':
        this.#view.head = event.data
        break
      case 'body':
        this.#body.append(bytesOfBase64(event.data.base64))
        break
      case 'done':
        this.#finish(event.data)
        break
    }
  }

  view(): RunView {
    return { ...this.#view, body: this.#body.snapshot(), logs: [...this.#logs], subrequests: [...this.#subrequests] }
  }

  #finish(result: RunResult): void {
    this.#view.state = 'done'
    this.#view.result = result
    if (result.response) this.#view.head = { status: result.response.status, headers: result.response.headers }
    // The result's lists are whole, also when the server thinned out the stream.
    if (result.logs) this.#logs = result.logs
    if (result.subrequests) this.#subrequests = result.subrequests
  }
}

/** A run out of history, shown as if it had just ended. */
export function recordedView(run: RecordedRun, sent: RunRequest): RunView {
  const body = new BodyBuffer()
  if (run.response?.body) body.append(bytesOfBody(run.response.body))
  return {
    ...idleView(),
    state: 'done',
    sent,
    head: run.response ? { status: run.response.status, headers: run.response.headers } : null,
    body: body.snapshot(),
    logs: run.logs ?? [],
    subrequests: run.subrequests ?? [],
    result: run,
    recordedAt: run.created_at,
  }
}

/** A fault with a place in the reader's code. */
export interface CodeProblem {
  file: string
  line: number
  column: number
  /** Characters that are at fault; the word at the place where nobody said. */
  length?: number
  severity?: 'error' | 'warning'
  help?: string | null
  message: string
}

/** What the editor should mark: the build's errors, or the place where an exception came from. */
export function codeProblems(view: RunView): CodeProblem[] {
  const error = view.result?.error
  if (error && hasPlace(error)) return [place(error, error.message)]
  return (view.problem?.items ?? []).flatMap((item) => (hasPlace(item) ? [place(item, item.detail)] : []))
}

type Place = Partial<Pick<GuestError, 'file' | 'line' | 'column'>>

function hasPlace<T extends Place>(fault: T): fault is T & { file: string; line: number } {
  return typeof fault.file === 'string' && typeof fault.line === 'number'
}

function place(fault: { file: string; line: number; column?: number | null }, message: string): CodeProblem {
  return { file: fault.file.replace(/^\.?\//, ''), line: fault.line, column: fault.column ?? 1, message }
}

function bytesOfBody(body: Body): Uint8Array<ArrayBuffer> {
  return 'text' in body ? new TextEncoder().encode(body.text) : bytesOfBase64(body.base64)
}
