// The tenant's logs: one record for each request and run, as a page of the past or as a stream from now on.
import { getEvents, getJson } from './client'
import { tenantPath } from './paths'
import type { LogRecord, Page } from './types'

/** What narrows records down; empty texts are left out. */
export interface LogFilter {
  level: string
  function: string
  outcome: string
  request_id: string
  query: string
  start: string
}

function search(filter: LogFilter, more: Record<string, string> = {}): string {
  const given = Object.entries({ ...filter, ...more }).filter(([, value]) => value !== '')
  return new URLSearchParams(given).toString()
}

export const listLogs = (tenant: string, filter: LogFilter, cursor: string, signal: AbortSignal): Promise<Page<LogRecord>> =>
  getJson<Page<LogRecord>>(tenantPath(tenant, `/logs?${search(filter, { limit: '100', cursor })}`), signal)

export type TailEvent = { kind: 'record'; record: LogRecord; id: string } | { kind: 'dropped'; count: number }

export async function* tailLogs(tenant: string, filter: LogFilter, after: string, signal: AbortSignal): AsyncGenerator<TailEvent> {
  for await (const { event, data, id } of getEvents(tenantPath(tenant, `/logs?${search({ ...filter, start: '' })}`), after, signal)) {
    const parsed: unknown = JSON.parse(data)
    if (event === 'log') yield { kind: 'record', record: parsed as LogRecord, id }
    else if (event === 'dropped') yield { kind: 'dropped', count: (parsed as { count: number }).count }
  }
}
