// The wire shapes of the REST API that the console uses, as `design/api.md` states them. Shapes only: no calls, no defaults.
// Unknown fields are ignored, as the API asks of its clients. (To be generated from `/v1/openapi.json` once it is served.)

export interface Page<T> {
  data: T[]
  next_cursor: string | null
}

export interface Problem {
  type?: string
  title: string
  status: number
  detail?: string
  code: string
  request_id?: string
  errors?: ProblemItem[]
  retry_after_ms?: number
}

/** One fault of a request: a field (`pointer`), or a place in the tenant's code (`file`, `line`, `column`, `frame`). */
export interface ProblemItem {
  pointer?: string
  code?: string
  detail: string
  file?: string | null
  line?: number | null
  column?: number | null
  frame?: string | null
}

export interface Session {
  token: string
  expires_at: string
  tenant: string | null
  scopes: string[]
}

export interface Info {
  version: string
  engine?: { wasmtime: string; digest: string }
  limits?: { defaults: Partial<Limits>; maxima: Partial<Limits> }
  mode?: string
  store?: string
}

export interface Limits {
  cpu_ms: number
  wall_ms: number
  memory_bytes: number
}

export interface Tenant {
  id: string
  slug: string
  status: string
}

export type Body = { text: string } | { base64: string }
export type HeaderList = [name: string, value: string][]
export type Modules = Record<string, string>

export interface RunRequest {
  code: { modules: Modules; main_module: string }
  prompt?: string
  request?: { method: string; path: string; headers: HeaderList; body?: Body }
  env?: Record<string, string>
  limits?: Partial<Limits>
  record?: boolean
}

export type LogLevel = 'debug' | 'info' | 'log' | 'warn' | 'error'

export interface LogLine {
  t_ms: number
  level: LogLevel
  message: string
  file?: string | null
  line?: number | null
}

export interface Subrequest {
  url: string
  method: string
  status: number | null
  ms: number | null
  denied_by: string | null
}

export interface GuestError {
  message: string
  stack?: string | null
  file?: string | null
  line?: number | null
  column?: number | null
}

export const PHASES = ['compile', 'build', 'instantiate', 'run'] as const
export type Phase = (typeof PHASES)[number]

export interface Timing {
  build_ms: number
  compile_ms: number
  instantiate_ms: number
  run_ms: number
  ttfb_ms: number | null
  total_ms: number
}

export interface Usage {
  cpu_ms: number
  startup_cpu_ms?: number
  memory_peak_bytes: number
  egress_bytes?: number
}

export interface RunResponse {
  status: number
  headers: HeaderList
  body?: Body
  truncated: boolean
}

export interface RunResult {
  id: string
  outcome: string
  version: string | null
  cached: boolean
  cold: boolean
  response: RunResponse | null
  error: GuestError | null
  logs: LogLine[]
  logs_truncated?: boolean
  subrequests: Subrequest[]
  timing: Timing
  usage: Usage
  warnings?: string[]
}

/** A recorded run: the result, and what was asked. Code is absent where a deployed version ran. */
export interface RecordedRun extends RunResult {
  prompt: string | null
  request?: RunRequest['request'] | null
  code?: { modules?: Record<string, unknown>; main_module?: string } | null
  env?: Record<string, string> | null
  created_at: string
  starred: boolean
}

export interface PromptEntry {
  id: string
  /** `null` where a whole request was sent instead. */
  prompt: string | null
  created_at: string
  starred: boolean
  outcome: string | null
  status: number | null
  total_ms: number | null
  version: string | null
}

/** What a streamed run sends, in order of arrival. */
export type RunEvent =
  | { event: 'phase'; data: { phase: Phase; ms: number } }
  | { event: 'log'; data: LogLine }
  | { event: 'subrequest'; data: Subrequest }
  | { event: 'head'; data: { status: number; headers: HeaderList } }
  | { event: 'body'; data: { base64: string } }
  | { event: 'done'; data: RunResult }
