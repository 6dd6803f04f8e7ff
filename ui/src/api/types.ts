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
export type Caller = Schemas['CallerResponse']
export type Scope = Schemas['Scope']
export type Preset = Schemas['Preset']
export type Tenant = Schemas['TenantResponse']
export type LimitSettings = Schemas['LimitSettingsResponse']
export type LimitNumbers = Schemas['LimitsText']
export type Key = Schemas['KeyResponse']
export type NewKey = Schemas['CreateKeyRequest']

export type FunctionEntry = Schemas['FunctionResponse']
export type Version = Schemas['VersionResponse']
export type VersionSource = Schemas['Code']
export type VersionDiff = Schemas['DiffResponse']
export type ModuleDiff = Schemas['ModuleDiffResponse']
export type Alias = Schemas['AliasResponse']
export type Share = Schemas['ShareRequest']
export type Deployed = Schemas['DeployResponse']
export type RouteEntry = Schemas['RouteResponse']
export type Variable = Schemas['VariableResponse']
export type Policy = Schemas['PolicyResponse']
export type Rule = Schemas['RuleText']

export type Body = Schemas['BodyResponse']
export type HeaderList = [name: string, value: string][]
export type Modules = Record<string, string>

/** Its text, or an object that also says what it is. */
export type ModuleSource = Schemas['ModuleResponse']

export interface SentCode {
  modules: Record<string, ModuleSource>
  main_module: string
  options?: NonNullable<VersionSource['options']>
}

export type CheckResult = Schemas['CheckResponse']
export type Finding = Schemas['DiagnosticResponse']

/** What the console asks for: code that it has in its editor. */
export interface RunRequest {
  code: SentCode
  options?: NonNullable<VersionSource['options']>
  prompt?: string
  request?: { method: string; path: string; headers: HeaderList; body?: Body }
  env?: Record<string, string>
  limits?: Partial<Limits>
  /** Rules for this run alone; the tenant's own and the operator's ceiling hold as well. */
  egress?: { rules: Rule[] }
  record?: boolean
}

export type LogLine = Schemas['LogResponse']
export type LogLevel = LogLine['level']
export type Subrequest = Schemas['SubrequestResponse']
export type GuestError = Schemas['ErrorResponse']

export const PHASES = ['front_end', 'compile', 'build', 'instantiate', 'run'] as const
export type Phase = (typeof PHASES)[number]

export type Timing = Schemas['TimingResponse']
export type Usage = Schemas['UsageResponse']
export type RunResponse = Schemas['GuestResponse']
export type RunResult = Schemas['RunResponse']

/** A recorded run that was made: the result, and what was asked. Code is absent where a deployed version ran. */
export type RecordedRun = Schemas['RecordedRunResponse'] & RunResult
export type Preview = Schemas['PreviewResponse']
export type PromptEntry = Schemas['EntryResponse']

/** What a streamed run sends, in order of arrival. */
export type RunEvent =
  | { event: 'phase'; data: { phase: Phase; ms: number } }
  | { event: 'log'; data: LogLine }
  | { event: 'subrequest'; data: Subrequest }
  | { event: 'head'; data: { status: number; headers: HeaderList } }
  | { event: 'body'; data: { base64: string } }
  | { event: 'done'; data: RunResult }

/** What one request or run left in the logs. */
export type LogRecord = Schemas['LogRecordResponse']

/** A place in a host's chain of audit entries. */
export type AuditLink = Schemas['LinkResponse']
/** One change that somebody asked for. */
export type AuditEntry = Schemas['AuditEntryResponse']
export type AuditVerdict = Schemas['VerifiedResponse']

export type Metrics = Schemas['SeriesResponse']
export type Activity = Schemas['ActivityResponse']
export type TenantActivity = Schemas['TenantActivityResponse']
export type MetricSeries = Schemas['ColumnResponse']
/** What was used within one window. */
export type UsageWindow = Schemas['UsageWindowResponse']
