// What can go wrong with a call, as one error type: the server's problem document (RFC 9457), or no answer at all.
// How a page words it is the page's business; here is only a sentence that is true everywhere.
import type { Problem, ProblemItem } from './types'

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly items: ProblemItem[]
  readonly requestId: string | null
  readonly retryAfterMs: number | null

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title)
    this.name = 'ApiError'
    this.status = problem.status
    this.code = problem.code
    this.items = problem.errors ?? []
    this.requestId = problem.request_id ?? null
    this.retryAfterMs = problem.retry_after_ms ?? null
  }

  /** True when the server was not reached at all, as opposed to having refused. */
  get offline(): boolean {
    return this.code === 'unreachable'
  }
}

export function unreachable(): ApiError {
  return new ApiError({
    title: 'No answer',
    status: 0,
    code: 'unreachable',
    detail: `No answer from ${location.host}. Is \`isolet up\` still running there?`,
  })
}

/** The stream ended before the server said that the run was done. */
export function brokenOff(): ApiError {
  return new ApiError({
    title: 'Connection lost',
    status: 0,
    code: 'broken_off',
    detail: 'The connection broke off before the run was done. Check that the server is up, then run again.',
  })
}

/** Reads a refused answer's problem document; an answer without one (a proxy's, say) becomes a problem by its status alone. */
export async function readProblem(response: Response): Promise<ApiError> {
  const fallback: Problem = {
    title: response.statusText || 'Request refused',
    status: response.status,
    code: `http_${response.status}`,
    detail: `The server answered ${response.status} ${response.statusText}`.trim() + ' without saying why.',
  }
  const type = response.headers.get('content-type') ?? ''
  if (!type.includes('json')) return new ApiError(fallback)
  try {
    const body: unknown = await response.json()
    return new ApiError({ ...fallback, ...(isObject(body) ? body : {}), status: response.status })
  } catch {
    return new ApiError(fallback)
  }
}

/** The error as an `ApiError`, whatever was thrown. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  const detail = thrown instanceof Error ? thrown.message : String(thrown)
  return new ApiError({ title: 'Console error', status: 0, code: 'console_error', detail })
}

function isObject(value: unknown): value is Partial<Problem> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
