// The client: the resources of the host, those of a tenant, and the two calls that stream: runs as events, and invocations.
import { StreamError, apiError } from './errors.js'
import { parseEvents } from './events.js'
import type { components } from './generated/schema.js'
import { OF_HOST, OF_TENANT, resources, segment, type BodyOf, type Resources } from './resources.js'
import { Transport, type ClientOptions } from './transport.js'

type Schemas = components['schemas']
export type RunRequest = BodyOf<'create_run'>
/** A run that is over. */
export type Run = Schemas['RunResponse']

/** What a streamed run tells, in order of arrival; `done` is the last. */
export type RunEvent =
  | { event: 'phase'; data: { phase: 'compile' | 'build' | 'instantiate' | 'run'; ms: number } }
  | { event: 'log'; data: Schemas['LogResponse'] }
  | { event: 'head'; data: { status: number; headers: [name: string, value: string][] } }
  | { event: 'body'; data: Uint8Array<ArrayBuffer> }
  | { event: 'done'; data: Run }

/** A request to a function: what `fetch` takes, and what says which version is to answer. */
export interface InvokeOptions extends RequestInit {
  /** A version that `live` names, in place of the split's choice. */
  version?: string
  /** What binds a caller to one version of a split. */
  stickyKey?: string
}

export type HostResources = Resources<typeof OF_HOST>
export type TenantResources = Resources<typeof OF_TENANT, 'tenant'>

/** What a tenant has. */
export interface Tenant extends TenantResources {
  /** A run, told while it happens. Leaving the loop early ends the run. It is never sent twice. */
  stream(request: RunRequest, options?: { signal?: AbortSignal }): AsyncGenerator<RunEvent, void, undefined>
  /** A deployed function's own answer to a request, streamed both ways; where it gave none, an `ApiError` with the outcome. It is never sent twice. */
  invoke(name: string, path?: string, options?: InvokeOptions): Promise<Response>
  /** A version of a function of the kind `component`: the component as it is. Takes the scope `components:write`. */
  upload(name: string, component: Uint8Array<ArrayBuffer> | ArrayBuffer | Blob, options?: { signal?: AbortSignal }): Promise<Schemas['VersionResponse']>
}

/** What a host offers. */
export interface Client extends HostResources {
  /** What a tenant has; without a slug, the one that the key belongs to. */
  tenant(slug?: string): Tenant
}

export function createClient(options: ClientOptions): Client {
  const transport = new Transport(options)
  return { ...resources<typeof OF_HOST, never>(transport, OF_HOST, {}), tenant: (slug = '~') => tenant(transport, slug) }
}

function tenant(transport: Transport, slug: string): Tenant {
  return {
    ...resources<typeof OF_TENANT, 'tenant'>(transport, OF_TENANT, { tenant: slug }),
    stream: (request, options = {}) => stream(transport, slug, request, options.signal),
    invoke: (name, path = '/', options = {}) => invoke(transport, slug, name, path, options),
    async upload(name, component, options = {}) {
      const path = `/v1/tenants/${segment('upload', 'tenant', slug)}/functions/${segment('upload', 'function', name)}/versions`
      const headers = { 'content-type': 'application/wasm', 'idempotency-key': crypto.randomUUID() }
      const response = await transport.send({ method: 'POST', path, headers, body: component, signal: options.signal, repeatable: true })
      return (await response.json()) as Schemas['VersionResponse']
    },
  }
}

/** A run's events. What goes wrong before it starts is thrown as `ApiError`. */
export async function* stream(transport: Transport, slug: string, request: RunRequest, signal?: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
  const path = `/v1/tenants/${segment('stream', 'tenant', slug)}/runs`
  const headers = { accept: 'text/event-stream' }
  const response = await transport.send({ method: 'POST', path, headers, json: request, signal, repeatable: false })
  if (response.body === null) throw new StreamError('the answer has no body')
  const events = parseEvents(response.body)
  try {
    for await (const { event, data } of events) {
      const parsed = JSON.parse(data) as never
      // Names that only a later host knows are passed on: whoever switches over them ignores them.
      if (event === 'body') yield { event, data: fromBase64((parsed as { base64: string }).base64) }
      else yield { event, data: parsed } as RunEvent
      if (event === 'done') return
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw new StreamError('the connection broke off before the run was done', { cause: error })
  }
  throw new StreamError('the stream ended before the run was done')
}

async function invoke(transport: Transport, slug: string, name: string, path: string, options: InvokeOptions): Promise<Response> {
  if (!path.startsWith('/')) throw new TypeError('`path` must begin with `/`')
  const { version, stickyKey, method = 'GET', headers: given, body, signal } = options
  const headers = new Headers(given)
  if (version !== undefined) headers.set('isolet-version', version)
  if (stickyKey !== undefined) headers.set('isolet-sticky-key', stickyKey)
  const base = `/v1/tenants/${segment('invoke', 'tenant', slug)}/functions/${segment('invoke', 'function', name)}/invoke`
  const response = await transport.once({ method, path: base + literal(path), headers, body: body ?? null, signal: signal ?? undefined, repeatable: false })
  if (response.headers.get('isolet-outcome') !== 'ok') throw await apiError(response)
  return response
}

/** A path that stays as it is: `fetch` would take `..` and `.` out of it, and leave the function that way. */
function literal(path: string): string {
  const end = path.search(/[?#]/)
  const [way, rest] = end < 0 ? [path, ''] : [path.slice(0, end), path.slice(end)]
  if (way.split(/[/\\]/).some((part) => /^(\.|%2e){1,2}$/i.test(part))) throw new TypeError('`path` must not have `.` or `..` as a part')
  return way.replaceAll('\\', '%5C') + rest.replace(/#.*$/s, '')
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

/** All items of a list, page by page: `for await (const run of every((page) => tenant.runs.list(page)))`. */
export async function* every<T>(list: (page: { cursor?: string; limit?: number }) => Promise<{ data: T[]; next_cursor?: string | null }>, limit = 100): AsyncGenerator<T, void, undefined> {
  let cursor: string | null | undefined
  do {
    const page = await list(cursor ? { cursor, limit } : { limit })
    yield* page.data
    cursor = page.next_cursor
  } while (cursor)
}
