// The wire shapes of the REST API under the names that the console uses. They are the API's own: `schema.ts` is written from its OpenAPI
// document (ui/openapi). Shapes only: no calls, no defaults. Here is what the document leaves open: which of the answer's two halves a
// recorded run has, what the console itself sends, and the events of a stream.
import type { components } from './schema'

type Schemas = components['schemas']

export interface Page<T> {
  data: T[]
  next_cursor: string | null
}

/** A problem document, or what the console makes of an answer without one. */
export type Problem = Pick<Schemas['Problem'], 'title' | 'status' | 'code'> & Partial<Schemas['Problem']>
/** One fault of a request: a field (`pointer`), or a place in the tenant's code (`file`, `line`, `column`, `frame`). */
export type ProblemItem = Schemas['Fault']

export type Session = Schemas['SessionResponse']
export type Info = Schemas['InfoResponse']
export type Limits = Schemas['LimitsResponse']
export type Tenant = Schemas['TenantResponse']

export type Body = Schemas['BodyResponse']
export type HeaderList = [name: string, value: string][]
export type Modules = Record<string, string>

/** What the console asks for: code that it has in its editor. */
export interface RunRequest {
  code: { modules: Modules; main_module: string }
  prompt?: string
  request?: { method: string; path: string; headers: HeaderList; body?: Body }
  env?: Record<string, string>
  limits?: Partial<Limits>
  record?: boolean
}

export type LogLine = Schemas['LogResponse']
export type LogLevel = LogLine['level']
export type Subrequest = Schemas['SubrequestResponse']
export type GuestError = Schemas['ErrorResponse']

export const PHASES = ['compile', 'build', 'instantiate', 'run'] as const
export type Phase = (typeof PHASES)[number]

export type Timing = Schemas['TimingResponse']
export type Usage = Schemas['UsageResponse']
export type RunResponse = Schemas['GuestResponse']
export type RunResult = Schemas['RunResponse']

/** A recorded run that was made: the result, and what was asked. Code is absent where a deployed version ran. */
export type RecordedRun = Schemas['RecordedRunResponse'] & RunResult
export type PromptEntry = Schemas['EntryResponse']

/** What a streamed run sends, in order of arrival. */
export type RunEvent =
  | { event: 'phase'; data: { phase: Phase; ms: number } }
  | { event: 'log'; data: LogLine }
  | { event: 'subrequest'; data: Subrequest }
  | { event: 'head'; data: { status: number; headers: HeaderList } }
  | { event: 'body'; data: { base64: string } }
  | { event: 'done'; data: RunResult }
