// Everything that the client throws: the server's problem documents (RFC 9457), and what happens without one. How a worker of the
// loader fails is in `loader.ts`.
import type { components } from './generated/schema.js'

/** A problem document as the server sends it. */
export type Problem = components['schemas']['Problem']
/** One fault of a request: a field (`pointer`), or a place in the code that was sent (`file`, `line`, `column`, `frame`). */
export type Fault = components['schemas']['Fault']

/** What every error of the client is. */
export class IsoletError extends Error {
  override name = 'IsoletError'
}

/** The server refused: `code` is stable and has a page at `docs`. */
export class ApiError extends IsoletError {
  override name = 'ApiError'
  readonly status: number
  readonly code: string
  /** The document itself; of an answer that was none (a proxy's, say), as much as can be said. */
  readonly problem: Partial<Problem>
  readonly errors: readonly Fault[]
  readonly requestId: string | undefined
  /** How long to wait before it is worth asking again, where the server says so. */
  readonly retryAfterMs: number | undefined
  /** How the invocation ended, where a function was invoked and gave no answer of its own. */
  readonly outcome: string | undefined

  constructor(status: number, problem: Partial<Problem>, headers: Headers) {
    super(problem.detail ?? problem.title ?? `the server answered with status ${status}`)
    this.status = status
    this.code = problem.code ?? `http_${status}`
    this.problem = problem
    this.errors = problem.errors ?? []
    this.requestId = problem.request_id ?? headers.get('isolet-request-id') ?? undefined
    this.retryAfterMs = problem.retry_after_ms ?? seconds(headers.get('retry-after'))
    this.outcome = headers.get('isolet-outcome') ?? undefined
  }
}

/** No answer: the server was not reached, or the connection broke off before there was one. `cause` has the reason. */
export class ConnectionError extends IsoletError {
  override name = 'ConnectionError'
}

/** A stream of events ended before its last one, or was none. */
export class StreamError extends IsoletError {
  override name = 'StreamError'
}

/** The answer's problem document as an error; an answer without one becomes an error by its status alone. */
export async function apiError(response: Response): Promise<ApiError> {
  const type = response.headers.get('content-type') ?? ''
  const text = await response.text().catch(() => '')
  if (type.includes('json')) {
    try {
      const problem: unknown = JSON.parse(text)
      if (typeof problem === 'object' && problem !== null) return new ApiError(response.status, problem, response.headers)
    } catch {
      // Not JSON after all: the status has to do.
    }
  }
  return new ApiError(response.status, {}, response.headers)
}

function seconds(field: string | null): number | undefined {
  const value = Number(field ?? Number.NaN)
  return Number.isFinite(value) && value >= 0 ? value * 1000 : undefined
}
