// The API's resources by the names they are called by, and the types of what goes in and comes out, read off the generated ones. How a
// request is sent is in `transport.ts`; runs and invocations, which stream, are in `client.ts`.
import { OPERATIONS } from './generated/operations.js'
import type { operations } from './generated/schema.js'
import type { Transport } from './transport.js'

export type OperationName = keyof typeof OPERATIONS
type Table = typeof OPERATIONS

/** What belongs to one tenant. A name leads to the operation that it calls. */
export const OF_TENANT = {
  aliases: { list: 'list_aliases', get: 'get_alias', put: 'put_alias', delete: 'delete_alias' },
  ceiling: { get: 'get_ceiling', put: 'put_ceiling', delete: 'delete_ceiling' },
  egress: { get: 'get_tenant_egress', put: 'put_tenant_egress', delete: 'delete_tenant_egress' },
  env: { list: 'list_variables', set: 'set_variable', delete: 'delete_variable' },
  functionEgress: { get: 'get_function_egress', put: 'put_function_egress', delete: 'delete_function_egress' },
  functionLimits: { get: 'get_function_limits', put: 'put_function_limits' },
  functionSecrets: { list: 'list_function_secrets', put: 'put_function_secret', delete: 'delete_function_secret' },
  functions: { list: 'list_functions', get: 'get_function', put: 'put_function', delete: 'delete_function', deleteLabelled: 'delete_functions', deploy: 'deploy_version', rollback: 'rollback_function' },
  hosts: { list: 'list_hosts', put: 'put_host', delete: 'delete_host' },
  keys: { list: 'list_keys', create: 'create_key', rotate: 'rotate_key', delete: 'delete_key' },
  limits: { get: 'get_tenant_limits', put: 'put_tenant_limits' },
  logs: { list: 'list_logs' },
  metrics: { get: 'get_tenant_metrics' },
  prompts: { list: 'list_prompts', save: 'save_prompt', star: 'star_prompt', delete: 'delete_prompt', clear: 'clear_prompts' },
  routes: { list: 'list_routes', get: 'get_route', put: 'put_route', delete: 'delete_route' },
  runs: { list: 'list_runs', get: 'get_run', create: 'create_run', replay: 'replay_run', preview: 'create_preview', delete: 'delete_run', clear: 'clear_runs' },
  secrets: { list: 'list_tenant_secrets', put: 'put_tenant_secret', delete: 'delete_tenant_secret' },
  tenantEnv: { list: 'list_tenant_variables', set: 'set_tenant_variable', delete: 'delete_tenant_variable' },
  versions: { list: 'list_versions', get: 'get_version', add: 'add_version', source: 'get_source', diff: 'diff_version', delete: 'delete_version' },
} as const satisfies Record<string, Record<string, OperationName>>

/** What belongs to the host. */
export const OF_HOST = {
  activity: { list: 'list_activity' },
  audit: { list: 'list_audit', verify: 'verify_audit' },
  globalKeys: { list: 'list_global_keys', create: 'create_global_key', rotate: 'rotate_global_key', delete: 'delete_global_key' },
  host: { info: 'get_info', whoami: 'get_caller', openapi: 'get_openapi', health: 'get_health', readiness: 'get_readiness' },
  tenants: { list: 'list_tenants', get: 'get_tenant', create: 'create_tenant', update: 'update_tenant', delete: 'delete_tenant', suspend: 'suspend_tenant', resume: 'resume_tenant' },
  usage: { get: 'get_usage' },
} as const satisfies Record<string, Record<string, OperationName>>

/** What can be said about any request. */
export interface CallOptions {
  signal?: AbortSignal
  /** The tag (`etagOf`) of what this is to change: otherwise it is refused with `precondition_failed`. */
  ifMatch?: string
  /** `*`: only if nothing is there yet. */
  ifNoneMatch?: string
  /** In place of the one that the client makes up for each call. */
  idempotencyKey?: string
}

type Parameters<N extends OperationName> = operations[N]['parameters']
type Query<N extends OperationName> = Parameters<N> extends { query?: infer Q } ? ([NonNullable<Q>] extends [never] ? unknown : NonNullable<Q>) : unknown
/** The names in an address, in their order; those in `Bound` are known already. */
type Names<Path, Bound> = Path extends `${string}{${infer Name}}${infer Rest}` ? (Name extends Bound ? Names<Rest, Bound> : [name: string, ...Names<Rest, Bound>]) : []
/** An operation's body. */
export type BodyOf<N extends OperationName> = operations[N] extends { requestBody?: infer B } ? (NonNullable<B> extends { content: { 'application/json': infer J } } ? J : never) : never
type BodyArgument<N extends OperationName> = operations[N] extends { requestBody: unknown } ? [body: BodyOf<N>] : operations[N] extends { requestBody?: undefined } ? [] : [body?: BodyOf<N>]
type Answers<N extends OperationName> = operations[N] extends { responses: infer R } ? R : never
type Json<A> = A extends { content: { 'application/json': infer J } } ? J : never
/** What an operation answers with: `undefined` where there is no content. */
export type ResultOf<N extends OperationName> = [Json<Answers<N>[keyof Answers<N> & (200 | 201)]>] extends [never] ? undefined : Json<Answers<N>[keyof Answers<N> & (200 | 201)]>

/** An operation as a function: the names in its address, its body, and what else there is to say (fields of the query included). */
export type Method<N extends OperationName, Bound = never> = (
  ...args: [...Names<Table[N]['path'], Bound>, ...BodyArgument<N>, options?: CallOptions & Query<N>]
) => Promise<ResultOf<N>>
/** Resources with all their methods. */
export type Resources<T extends Record<string, Record<string, OperationName>>, Bound = never> = {
  readonly [R in keyof T]: { readonly [M in keyof T[R]]: Method<T[R][M] & OperationName, Bound> }
}

const OPTIONS = new Set(['signal', 'ifMatch', 'ifNoneMatch', 'idempotencyKey'])
const tags = new WeakMap<object, string>()

/** The `ETag` that came with what an operation answered; nothing where none came. */
export function etagOf(answer: object): string | undefined {
  return tags.get(answer)
}

/** The resources of a table, their methods bound to a transport and to the names that are known already. */
export function resources<T extends Record<string, Record<string, OperationName>>, Bound>(transport: Transport, table: T, bound: Record<string, string>): Resources<T, Bound> {
  const made = Object.entries(table).map(([resource, methods]) => {
    const calls = Object.entries(methods).map(([method, name]) => [method, (...args: unknown[]) => call(transport, name, bound, args)])
    return [resource, Object.freeze(Object.fromEntries(calls))]
  })
  return Object.fromEntries(made) as Resources<T, Bound>
}

async function call(transport: Transport, name: OperationName, bound: Record<string, string>, args: unknown[]): Promise<unknown> {
  const operation: { method: string; path: string; body?: true; repeatable?: true } = OPERATIONS[name]
  const left = [...args]
  const path = operation.path.replace(/\{(\w+)\}/g, (_, part: string) => segment(name, part, bound[part] ?? left.shift()))
  const json = operation.body ? (left.shift() ?? {}) : undefined
  const options = (left.shift() ?? {}) as CallOptions & Record<string, unknown>
  const headers = new Headers({ accept: 'application/json' })
  if (options.ifMatch !== undefined) headers.set('if-match', options.ifMatch)
  if (options.ifNoneMatch !== undefined) headers.set('if-none-match', options.ifNoneMatch)
  // A key of its own makes a POST safe to send again when no answer came.
  if (operation.repeatable) headers.set('idempotency-key', options.idempotencyKey ?? crypto.randomUUID())
  const query = new URLSearchParams()
  for (const [field, value] of Object.entries(options)) if (!OPTIONS.has(field) && value !== undefined) query.append(field, String(value))
  const search = query.size > 0 ? `?${query}` : ''
  const repeatable = operation.repeatable === true || operation.method === 'GET' || ((operation.method === 'PUT' || operation.method === 'DELETE') && options.ifMatch === undefined && options.ifNoneMatch === undefined)
  const response = await transport.send({ method: operation.method, path: path + search, headers, json, signal: options.signal, repeatable })
  return read(response)
}

/** A part of an address. A name that would change the address is refused here: encoding does not keep `.` and `..` apart. */
export function segment(operation: string, part: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value === '.' || value === '..') {
    throw new TypeError(`${operation}: \`${part}\` is ${JSON.stringify(value) ?? 'missing'}, which names nothing`)
  }
  return encodeURIComponent(value)
}

async function read(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  const answer: unknown = JSON.parse(text)
  const tag = response.headers.get('etag')
  if (tag !== null && typeof answer === 'object' && answer !== null) tags.set(answer, tag)
  return answer
}
