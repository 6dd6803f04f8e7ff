// Sessions, the host itself, code that is run and checked: one function per call, paths and shapes, nothing of transport (`client.ts`) and
// nothing of presentation. Tenants, functions and the rest have files of their own beside this one.
import { getJson, postForEvents, postJson, send, sendJson } from './client'
import { tenantPath } from './paths'
import { brokenOff } from './problem'
import type { Caller, CheckResult, Info, Page, Preview, PromptEntry, RecordedRun, RunEvent, RunRequest, RunResult, SentCode, Session } from './types'

export const openSession = (proof: { link: string } | { key: string }): Promise<Session> =>
  sendJson<Session>('POST', '/v1/sessions', proof)

export const getInfo = (): Promise<Info> => getJson<Info>('/v1/info')

export const getCaller = (): Promise<Caller> => getJson<Caller>('/v1/whoami')

export const checkCode = (code: SentCode, signal: AbortSignal): Promise<CheckResult> => postJson<CheckResult>('/v1/check', code, signal)

export const runsPath = (tenant: string): string => tenantPath(tenant, '/runs')

export async function* streamRun(tenant: string, request: RunRequest, signal: AbortSignal): AsyncGenerator<RunEvent> {
  let done = false
  for await (const { event, data } of postForEvents(runsPath(tenant), request, signal)) {
    const parsed: unknown = JSON.parse(data)
    // Event names and shapes are the API's; names unknown to this console fall through the caller's `switch`.
    yield { event, data: parsed } as RunEvent
    done ||= event === 'done'
  }
  // Read to the very end, so that the connection closes by itself; an end without the last event is a broken one.
  if (!done) throw brokenOff()
}

export const getRun = (tenant: string, id: string, signal?: AbortSignal): Promise<RecordedRun> =>
  getJson<RecordedRun>(tenantPath(tenant, `/runs/${encodeURIComponent(id)}`), signal)

/** A version that was built before, asked once; nothing is kept of it. */
export const runVersion = (tenant: string, version: string, path: string): Promise<RunResult> =>
  sendJson<RunResult>('POST', runsPath(tenant), { code: { version }, request: { method: 'GET', path, headers: [] }, record: false })

export const replayRun = (tenant: string, id: string): Promise<RunResult> =>
  sendJson<RunResult>('POST', tenantPath(tenant, `/runs/${encodeURIComponent(id)}/replay`), undefined)

/** An address at which the answer of a run is a page, on an origin of its own. */
export const previewRun = (tenant: string, id: string, signal: AbortSignal): Promise<Preview> =>
  postJson<Preview>(tenantPath(tenant, `/runs/${encodeURIComponent(id)}/preview`), undefined, signal)

export const listPrompts = (tenant: string, signal?: AbortSignal): Promise<Page<PromptEntry>> =>
  getJson<Page<PromptEntry>>(tenantPath(tenant, '/prompts?limit=100'), signal)

export const clearPrompts = (tenant: string): Promise<void> => send('DELETE', tenantPath(tenant, '/prompts'))

export const deletePrompt = (tenant: string, id: string): Promise<void> =>
  send('DELETE', tenantPath(tenant, `/prompts/${encodeURIComponent(id)}`))

export const starPrompt = (tenant: string, id: string, starred: boolean): Promise<void> =>
  send('PUT', tenantPath(tenant, `/prompts/${encodeURIComponent(id)}/star`), { starred })
