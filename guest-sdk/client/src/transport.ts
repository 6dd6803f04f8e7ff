// The one place that calls `fetch`: credentials, JSON, problem documents, and when a request is sent once more. Which operations there
// are is in `generated/operations.ts`, what they are called by in `resources.ts`.
import { ApiError, ConnectionError, apiError } from './errors.js'

/** What a client is made with. */
export interface ClientOptions {
  /** Where the control plane is, such as `http://127.0.0.1:8787`. */
  url: string | URL
  /** An API key, or a function that gives one for each request. */
  key: string | (() => string | Promise<string>)
  /** In place of the global `fetch`. */
  fetch?: typeof globalThis.fetch
  /** How often a request that may be sent again is sent again; 3 unless said otherwise. */
  retries?: number
  /** The longest wait before another attempt; 10,000 unless said otherwise. Where the server asks for more, the error is thrown. */
  maxRetryDelayMs?: number
}

/** One request, as the rest of the client asks for it. */
export interface Asked {
  method: string
  /** Path and query, beginning with `/`. */
  path: string
  headers?: HeadersInit
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  body?: BodyInit | null
  signal?: AbortSignal | undefined
  /** Whether sending it twice does no more than sending it once. */
  repeatable: boolean
}

const FIRST_DELAY_MS = 100
/** Refusals that came before anything was done, or while it is being done for the same key. */
const PASSING = new Set(['rate_limited', 'overloaded', 'store_unavailable', 'idempotency_in_flight'])
/** What a proxy says when the host behind it is away for a moment. */
const PROXIES = new Set([502, 503, 504])

export class Transport {
  readonly #base: string
  readonly #key: ClientOptions['key']
  readonly #fetch: typeof globalThis.fetch
  readonly #retries: number
  readonly #maxDelayMs: number

  constructor(options: ClientOptions) {
    const url = new URL(options.url)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`\`url\` must begin with http:// or https://, not ${url.protocol}`)
    if (url.username !== '' || url.password !== '') throw new TypeError('`url` must not hold credentials: give the key in `key`')
    this.#base = url.origin + url.pathname.replace(/\/+$/, '')
    this.#key = options.key
    // Browsers want it called as a method of nothing but the global object.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
    this.#retries = options.retries ?? 3
    this.#maxDelayMs = options.maxRetryDelayMs ?? 10_000
  }

  /** Sends it, and again where that is safe and may help. Answers outside 2xx are thrown. */
  async send(asked: Asked): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      let failure: unknown
      try {
        const response = await this.once(asked)
        if (response.ok) return response
        failure = await apiError(response)
      } catch (error) {
        failure = error
      }
      const wait = attempt < this.#retries && asked.repeatable ? this.#delay(failure, attempt) : undefined
      if (wait === undefined) throw failure
      await pause(wait, asked.signal)
    }
  }

  /** Sends it once; the answer is given whatever it is. An aborted request throws the signal's reason. */
  async once(asked: Asked): Promise<Response> {
    asked.signal?.throwIfAborted()
    const key = typeof this.#key === 'string' ? this.#key : await this.#key()
    const headers = new Headers(asked.headers)
    headers.set('authorization', `Bearer ${key}`)
    // A redirect that were followed would take the key, or the guest's caller, somewhere else.
    const init: RequestInit & { duplex?: 'half' } = { method: asked.method, headers, redirect: 'manual' }
    if (asked.signal) init.signal = asked.signal
    if (asked.json !== undefined) {
      headers.set('content-type', 'application/json')
      init.body = JSON.stringify(asked.json)
    } else if (asked.body !== undefined && asked.body !== null) {
      init.body = asked.body
      init.duplex = 'half'
    }
    try {
      return await this.#fetch(this.#base + asked.path, init)
    } catch (error) {
      if (asked.signal?.aborted) throw asked.signal.reason
      throw new ConnectionError(`no answer from ${this.#base}`, { cause: error })
    }
  }

  /** How long to wait before another attempt; nothing where there is to be none. */
  #delay(failure: unknown, attempt: number): number | undefined {
    // Half of it by chance, so that those who were refused together do not come back together.
    const usual = Math.min(FIRST_DELAY_MS * 2 ** attempt, this.#maxDelayMs) * (0.5 + Math.random() / 2)
    if (failure instanceof ConnectionError) return usual
    if (!(failure instanceof ApiError)) return undefined
    const fromProxy = failure.problem.code === undefined && PROXIES.has(failure.status)
    if (!PASSING.has(failure.code) && !fromProxy) return undefined
    const wait = Math.max(failure.retryAfterMs ?? 0, usual)
    return wait <= this.#maxDelayMs ? wait : undefined
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }, ms)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}
