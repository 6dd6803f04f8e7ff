// The only place of the console that calls `fetch`: authorisation, JSON, problem documents, streams. Which resource is asked
// for what stands in `resources.ts`; where the token comes from is `auth/session.ts`, which registers itself here.
import { brokenOff, readProblem, unreachable } from './problem'
import { parseEvents, type ServerSentEvent } from './sse'
import type { Page } from './types'

interface Credentials {
  token: () => string | null
  /** Called when the server no longer accepts the token. */
  refused: () => void
}

let credentials: Credentials = { token: () => null, refused: () => undefined }

export function setCredentials(source: Credentials): void {
  credentials = source
}

/** In place of a mark: the resource must not exist yet. */
export const CREATE_ONLY = Symbol('create only')
export type Mark = string | typeof CREATE_ONLY | null

type WritingMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

interface CallOptions {
  method?: 'GET' | WritingMethod
  body?: unknown
  accept?: string
  /** The state that a change is meant for; when the resource has moved on, the server answers 412. */
  ifMatch?: Mark | undefined
  /** Where a stream that was cut off goes on. */
  lastEventId?: string
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
  if (options.lastEventId) headers.set('last-event-id', options.lastEventId)
  if (options.ifMatch === CREATE_ONLY) headers.set('if-none-match', '*')
  else if (options.ifMatch) headers.set('if-match', options.ifMatch)
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

/** A resource with the mark of the state it was read in (RFC 9110, 8.8.3). */
export interface Tagged<T> {
  value: T
  etag: string | null
}

export async function getTagged<T>(path: string, signal?: AbortSignal): Promise<Tagged<T>> {
  const response = await call(path, { signal })
  return { value: (await response.json()) as T, etag: response.headers.get('etag') }
}

export async function sendJson<T>(method: WritingMethod, path: string, body: unknown, ifMatch?: Mark): Promise<T> {
  const response = await call(path, { method, body, ifMatch })
  return (await response.json()) as T
}

/** A question that is asked by POST and may be given up. */
export async function postJson<T>(path: string, body: unknown, signal: AbortSignal): Promise<T> {
  const response = await call(path, { method: 'POST', body, signal })
  return (await response.json()) as T
}

export async function send(method: WritingMethod, path: string, body?: unknown, ifMatch?: Mark): Promise<void> {
  const response = await call(path, { method, body, ifMatch })
  // An answer left unread holds its connection until the garbage collector comes by, and is then reported as aborted.
  await response.arrayBuffer()
}

/** Lists come in pages; this follows the cursors to the end and hands out each page as it comes. */
export async function* eachPage<T>(path: string, signal?: AbortSignal): AsyncGenerator<T[]> {
  let cursor: string | null = null
  do {
    const joint = path.includes('?') ? '&' : '?'
    const page: Page<T> = await getJson<Page<T>>(cursor === null ? path : `${path}${joint}cursor=${encodeURIComponent(cursor)}`, signal)
    yield page.data
    cursor = page.next_cursor
  } while (cursor !== null)
}

export async function getAll<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  const all: T[] = []
  for await (const page of eachPage<T>(path, signal)) all.push(...page)
  return all
}

/** Follows a stream that is read by GET, a live tail for instance. */
export async function* getEvents(path: string, lastEventId: string, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  const response = await call(path, { accept: 'text/event-stream', signal, lastEventId })
  if (response.body === null) throw brokenOff()
  try {
    yield* parseEvents(response.body)
  } catch (error) {
    throw signal.aborted ? error : brokenOff()
  }
}

export async function getText(path: string, accept: string): Promise<string> {
  const response = await call(path, { accept })
  return response.text()
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
