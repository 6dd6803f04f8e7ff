// A loader in the shape of Cloudflare's Worker Loader API: `get(id, callback)`, `load(code)`, `getEntrypoint(name).fetch(request)`. Each
// request is a run of the worker's code, in a fresh instance; nothing of it stays on the host but the compiled code, by its content.
// What a `WorkerCode` turns into is in `worker-code.ts`.
import { stream, type Run, type RunEvent, type RunRequest } from './client.js'
import { IsoletError } from './errors.js'
import { Transport, type ClientOptions } from './transport.js'
import { bytesToBase64, prepare, type Prepared, type WorkerCode } from './worker-code.js'

export type { WorkerCode, WorkerModule } from './worker-code.js'

export interface LoaderOptions extends ClientOptions {
  /** The tenant that the code runs as; without one, the tenant that the key belongs to. */
  tenant?: string
  /** How many ids have their code remembered; 1,000 unless said otherwise. The one unused for longest goes first. */
  remembered?: number
  /** The longest request body, which is read whole before it is sent; 10 MiB unless said otherwise. */
  maxBodyBytes?: number
  /** Told of each run when it is over: its outcome, console lines, timing and use. `id` is what `get` was given. */
  onRun?: (run: Run, id: string | null) => void
}

export interface Fetcher {
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>
}

export interface WorkerStub {
  /** The default export, or another one by its name. */
  getEntrypoint(name?: string, options?: { props?: undefined; limits?: WorkerCode['limits'] }): Fetcher
}

export interface WorkerLoader {
  /** The worker of this id: the callback is asked for its code when the id is not known yet, or is null. */
  get(id: string | null, getCode: () => WorkerCode | Promise<WorkerCode>): WorkerStub
  /** A worker of its own. */
  load(code: WorkerCode): WorkerStub
}

/** The worker did not answer, or not to the end: it threw, or reached a limit. The message is its own where it threw. */
export class WorkerError extends IsoletError {
  override name = 'WorkerError'
  readonly outcome: Run['outcome']
  /** The run, with its console lines. */
  readonly run: Run
  /** The stack inside the worker, with its own files and lines. */
  readonly workerStack: string | undefined

  constructor(run: Run) {
    super(ownMessage(run) ?? `the worker ended with the outcome \`${run.outcome}\``)
    this.outcome = run.outcome
    this.run = run
    this.workerStack = run.error?.stack
  }
}

/** What was thrown says its class before its message. */
function ownMessage(run: Run): string | undefined {
  return run.error?.message.replace(/^[\w$]*Error: /, '')
}

const DEFAULT_REMEMBERED = 1000
const DEFAULT_MAX_BODY_BYTES = 10 << 20
/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304])

export function createLoader(options: LoaderOptions): WorkerLoader {
  const { tenant = '~', remembered = DEFAULT_REMEMBERED, maxBodyBytes = DEFAULT_MAX_BODY_BYTES, onRun } = options
  const transport = new Transport(options)
  const known = new Map<string, Promise<Prepared>>()

  const codeOf = (id: string, getCode: () => WorkerCode | Promise<WorkerCode>): Promise<Prepared> => {
    const found = known.get(id) ?? asked(getCode)
    // Last in the order of use.
    known.delete(id)
    known.set(id, found)
    // What failed is asked for again by whoever comes next.
    found.catch(() => known.get(id) === found && known.delete(id))
    if (known.size > remembered) known.delete(known.keys().next().value as string)
    return found
  }
  const stub = (id: string | null, code: () => Promise<Prepared>): WorkerStub => ({
    getEntrypoint(name = 'default', more = {}) {
      if (more.props !== undefined) throw new TypeError('`props` has no counterpart in isolet: put the values into `env`')
      return {
        async fetch(input, init) {
          const request = new Request(input, init)
          const run = await describe(request, name, await code(), more.limits, maxBodyBytes)
          const stop = new AbortController()
          const events = stream(transport, tenant, run, AbortSignal.any([request.signal, stop.signal]))
          return answer({ events, stop, over: (ended) => onRun?.(ended, id) }, request.method)
        },
      }
    },
  })
  return {
    get: (id, getCode) => (id === null ? loaded(getCode) : stub(id, () => codeOf(id, getCode))),
    load: (code) => loaded(() => code),
  }

  function loaded(getCode: () => WorkerCode | Promise<WorkerCode>): WorkerStub {
    let code: Promise<Prepared> | undefined
    return stub(null, () => (code ??= asked(getCode)))
  }
}

async function asked(getCode: () => WorkerCode | Promise<WorkerCode>): Promise<Prepared> {
  return prepare(await getCode())
}

/** The run that a request is. */
async function describe(request: Request, entrypoint: string, worker: Prepared, limits: WorkerCode['limits'], maxBodyBytes: number): Promise<RunRequest> {
  const url = new URL(request.url)
  url.hash = ''
  const sent: NonNullable<RunRequest['request']> = { method: request.method, path: url.pathname + url.search, headers: [...request.headers] }
  const body = await readBody(request, maxBodyBytes)
  if (body.length > 0) sent.body = { base64: bytesToBase64(body) }
  const run: RunRequest = { code: worker.code(entrypoint), request: sent, env: worker.env(url.href), record: false, ...worker.rest }
  if (limits !== undefined) run.limits = { ...run.limits, cpu_ms: limits.cpuMs ?? run.limits?.cpu_ms ?? null, subrequests: limits.subRequests ?? run.limits?.subrequests ?? null }
  return run
}

async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > maxBytes) {
      const error = new RangeError(`the request's body has more than ${maxBytes} bytes`)
      await reader.cancel(error)
      throw error
    }
    chunks.push(value)
  }
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** The worker's answer as soon as its head is there; its body follows as the worker sends it. */
async function answer(running: Running, method: string): Promise<Response> {
  for (;;) {
    const event = await next(running)
    if (event.event === 'done') throw new WorkerError(event.data)
    if (event.event !== 'head') continue
    const { status, headers } = event.data
    const length = Number(headers.find(([name]) => name === 'content-length')?.[1] ?? Number.NaN)
    if (method === 'HEAD' || WITHOUT_BODY.has(status)) {
      void settle(running)
      return new Response(null, { status, headers })
    }
    return new Response(bodyOf(running, length), { status, headers })
  }
}

/** A run on its way. */
interface Running {
  events: AsyncGenerator<RunEvent, void, undefined>
  /** Ends the run, whatever it is waiting for. */
  stop: AbortController
  over: (run: Run) => void
}

async function next({ events, over }: Running): Promise<RunEvent> {
  const { value, done } = await events.next()
  if (done) throw new IsoletError('the run ended without a word')
  if (value.event === 'done') over(value.data)
  return value
}

/** Waits for the end of what nobody waits for: what a worker does after its answer. */
async function settle(running: Running): Promise<void> {
  try {
    while ((await next(running)).event !== 'done');
  } catch {
    // The answer was given; that the host went away meanwhile is nobody's concern any more.
  }
}

function end(controller: ReadableByteStreamController): void {
  controller.close()
  controller.byobRequest?.respond(0)
}

/** The body of a run. Where its length was said it ends with its last byte, else when the worker is done with everything. */
function bodyOf(running: Running, length: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = length
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      while (left !== 0) {
        const event = await next(running)
        if (event.event === 'body' && event.data.length > 0) {
          left -= event.data.length
          controller.enqueue(event.data)
          if (left > 0 || Number.isNaN(left)) return
        } else if (event.event === 'done') {
          if (event.data.outcome !== 'ok') throw new WorkerError(event.data)
          return end(controller)
        }
      }
      end(controller)
      void settle(running)
    },
    cancel(reason) {
      running.stop.abort(reason)
    },
  })
}
