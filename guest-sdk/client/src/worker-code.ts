// From a `WorkerCode`, as the Worker Loader API describes it, to the code and variables of a run: what has no counterpart is refused by
// name, never dropped. What becomes of the run is in `loader.ts`.
import type { BodyOf } from './resources.js'

type RunRequest = BodyOf<'create_run'>
type Modules = NonNullable<RunRequest['code']['modules']>

/** A module: text whose name ends in what it is, or an object that says so. */
export type WorkerModule = string | { js: string } | { cjs: string } | { ts: string } | { tsx: string } | { jsx: string } | { text: string } | { json: unknown } | { data: ArrayBuffer | ArrayBufferView }

/** What a worker is made of. */
export interface WorkerCode {
  /** Taken for compatibility; isolet has one behaviour. */
  compatibilityDate?: string
  compatibilityFlags?: string[]
  allowExperimental?: boolean
  mainModule: string
  modules: Record<string, WorkerModule>
  /** Values that JSON can tell. */
  env?: Record<string, unknown> | undefined
  /** `null`: nothing may be sent. Left out, the rules of the tenant hold; without any, nothing may be sent either. */
  globalOutbound?: null | undefined
  limits?: { cpuMs?: number; subRequests?: number }
  /** isolet's own: rules for outgoing requests, within what the tenant may. They take the scope `egress:write`. */
  egress?: NonNullable<RunRequest['egress']>
  /** isolet's own: `allow_eval` and `import_map`. */
  options?: NonNullable<RunRequest['options']>
}

/** A worker's code, ready to be sent with any request. */
export interface Prepared {
  /** The code with `entrypoint` as what is called. */
  code(entrypoint: string): RunRequest['code']
  /** The variables of a request to that address. */
  env(url: string): Record<string, string>
  rest: Pick<RunRequest, 'egress' | 'limits' | 'options'>
}

const KNOWN = new Set(['compatibilityDate', 'compatibilityFlags', 'allowExperimental', 'mainModule', 'modules', 'env', 'globalOutbound', 'limits', 'egress', 'options'])
const MODULE_KINDS = ['js', 'cjs', 'ts', 'tsx', 'jsx', 'text', 'json', 'data']
/** The one variable that carries `env` and the address to the entry module. */
const CARRIER = 'WORKER'
const WORKERS = 'cloudflare:workers'

export function prepare(code: WorkerCode): Prepared {
  if (typeof code !== 'object' || code === null) throw new TypeError(`worker code must be an object, not ${code === null ? 'null' : typeof code}`)
  for (const field of Object.keys(code)) if (!KNOWN.has(field) && (code as unknown as Record<string, unknown>)[field] !== undefined) throw new TypeError(`\`${field}\` has no counterpart in isolet`)
  if (typeof code.mainModule !== 'string' || !Object.hasOwn(code.modules ?? {}, code.mainModule)) throw new TypeError('`mainModule` must name one of `modules`')
  if (code.globalOutbound !== null && code.globalOutbound !== undefined) {
    throw new TypeError('`globalOutbound` must be null or left out: what a worker may send is decided by rules (`egress`), not by a service')
  }
  if (code.globalOutbound === null && code.egress !== undefined) throw new TypeError('`globalOutbound: null` and `egress` contradict each other')
  const modules = Object.fromEntries(Object.entries(code.modules).map(([name, module]) => [name, toModule(name, module)])) as Modules
  const options = { ...code.options }
  addWorkersModule(modules, options)
  const entry = unused('isolet-entry', modules)
  const env = JSON.stringify(plain(code.env ?? {}, 'env'))
  const rest: Prepared['rest'] = { options }
  if (code.globalOutbound === null) rest.egress = { rules: [] }
  else if (code.egress !== undefined) rest.egress = code.egress
  if (code.limits !== undefined) rest.limits = { cpu_ms: code.limits.cpuMs ?? null, subrequests: code.limits.subRequests ?? null }
  return {
    code: (entrypoint) => ({ modules: { ...modules, [entry]: { js: entryModule(code.mainModule, entrypoint) } }, main_module: entry }),
    env: (url) => ({ [CARRIER]: `{"url":${JSON.stringify(url)},"env":${env}}` }),
    rest,
  }
}

/** The module that is called: it gives the worker's own entry point the address that was asked for, and `env` with its values. */
function entryModule(main: string, entrypoint: string): string {
  return `import * as worker from ${JSON.stringify(`./${main}`)};
const name = ${JSON.stringify(entrypoint)};
const target = Object.hasOwn(worker, name) ? worker[name] : undefined;
const isClass = typeof target === "function" && typeof target.prototype?.fetch === "function";
export default {
  fetch(request, carried, ctx) {
    const { url, env } = JSON.parse(carried.${CARRIER});
    request = new Request(url, request);
    if (isClass) return new target(ctx, env).fetch(request);
    if (typeof target === "function") return target(request, env, ctx);
    if (typeof target?.fetch === "function") return target.fetch(request, env, ctx);
    throw new TypeError(\`the main module has no entry point "\${name}" that could fetch\`);
  },
};
`
}

function toModule(name: string, module: WorkerModule): Modules[string] {
  if (typeof module === 'string') return module
  const kinds = typeof module === 'object' && module !== null ? Object.keys(module) : []
  const kind = kinds[0]
  if (kinds.length !== 1 || kind === undefined || !MODULE_KINDS.includes(kind)) {
    throw new TypeError(`module \`${name}\` must be text or have one of ${MODULE_KINDS.join(', ')}; it has ${kinds.join(', ') || 'none'}`)
  }
  if ('data' in module) return { data: toBase64(module.data, name) }
  return module as Modules[string]
}

/** \`cloudflare:workers\` has the class that entry points extend. */
function addWorkersModule(modules: Modules, options: NonNullable<RunRequest['options']>): void {
  if (Object.hasOwn(modules, WORKERS) || options.import_map?.[WORKERS] !== undefined) return
  const mentions = Object.values(modules).some((module) => Object.values(typeof module === 'string' ? [module] : module).some((text) => typeof text === 'string' && text.includes(WORKERS)))
  if (!mentions) return
  const name = unused('isolet-workers', modules)
  modules[name] = { js: 'export class WorkerEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }\n' }
  options.import_map = { ...options.import_map, [WORKERS]: `./${name}` }
}

function unused(stem: string, modules: Modules): string {
  let name = `${stem}.js`
  for (let number = 2; Object.hasOwn(modules, name); number++) name = `${stem}-${number}.js`
  return name
}

/** The value itself, if JSON tells all of it. */
function plain(value: unknown, path: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) plain(item, `${path}[${index}]`)
    return value
  }
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined
  if (prototype === Object.prototype || prototype === null) {
    for (const [name, item] of Object.entries(value as object)) if (item !== undefined) plain(item, `${path}.${name}`)
    return value
  }
  const shown = typeof value === 'object' ? (value?.constructor.name ?? 'an object') : typeof value === 'number' ? String(value) : typeof value
  throw new TypeError(`\`${path}\` is ${shown}: only what JSON can tell gets to a worker, and no bindings to services`)
}

function toBase64(data: ArrayBuffer | ArrayBufferView, name: string): string {
  if (!(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data)) throw new TypeError(`module \`${name}\`: \`data\` must be an ArrayBuffer`)
  return bytesToBase64(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

export function bytesToBase64(bytes: Uint8Array): string {
  const STEP = 0x8000
  let binary = ''
  for (let at = 0; at < bytes.length; at += STEP) binary += String.fromCharCode(...bytes.subarray(at, at + STEP))
  return btoa(binary)
}
