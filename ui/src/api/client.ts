// The only place of the console that calls `fetch`: authorisation, JSON, problem documents, streams. Which resource is asked
// for what stands in `resources.ts`; where the token comes from is `auth/session.ts`, which registers itself here.
import { brokenOff, readProblem, unreachable } from './problem'
import { parseEvents, type ServerSentEvent } from './sse'

interface Credentials {
  token: () => string | null
  /** Called when the server no longer accepts the token. */
  refused: () => void
}

let credentials: Credentials = { token: () => null, refused: () => undefined }

export function setCredentials(source: Credentials): void {
  credentials = source
}

interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  body?: unknown
  accept?: string
  signal?: AbortSignal | undefined
}

/** Calls the API; an answer outside 2xx is thrown as `ApiError`. An aborted call throws the signal's own `AbortError`. */
async function call(path: string, options: CallOptions): Promise<Response> {
  const headers = new Headers({ accept: options.accept ?? 'application/json' })
  const token = credentials.token()
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  const init: RequestInit = { method: options.method ?? 'GET', headers, cache: 'no-store', credentials: 'omit' }
  if (options.signal) init.signal = options.signal
  if (options.body !== undefined) {
    headers.set('content-type', 'application/json')
    init.body = JSON.stringify(options.body)
  }
  let response: Response
  try {
    response = await fetch(path, init)
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw unreachable()
  }
  if (response.ok) return response
  const problem = await readProblem(response)
  if (problem.status === 401 && token !== null) credentials.refused()
  throw problem
}

/** The type parameter is the caller's claim about the answer's shape; `types.ts` holds the shapes. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await call(path, { signal })
  return (await response.json()) as T
}

export async function sendJson<T>(method: 'POST' | 'PUT', path: string, body: unknown): Promise<T> {
  const response = await call(path, { method, body })
  return (await response.json()) as T
}

export async function send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<void> {
  const response = await call(path, { method, body })
  // An answer left unread holds its connection until the garbage collector comes by, and is then reported as aborted.
  await response.arrayBuffer()
}

/** Posts, and yields the answer's events as they arrive. A stream that is cut off throws; a clean end just returns. */
export async function* postForEvents(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  const response = await call(path, { method: 'POST', body, accept: 'text/event-stream', signal })
  if (response.body === null) throw brokenOff()
  try {
    yield* parseEvents(response.body)
  } catch (error) {
    throw signal.aborted ? error : brokenOff()
  }
}
