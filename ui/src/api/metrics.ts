// Figures over time: series of a tenant for charts, and usage in windows for bills.
import { getJson, getText } from './client'
import { tenantPath } from './paths'
import type { Activity, Metrics, Page, UsageWindow } from './types'

export interface MetricsQuery {
  start: string
  /** Empty for all of them. */
  function: string
  group_by?: 'function' | 'outcome'
  names?: string
  /** The length of a window; without it the host takes what suits the time. */
  step?: string
}

export const getMetrics = (tenant: string, query: MetricsQuery, signal?: AbortSignal): Promise<Metrics> =>
  getJson<Metrics>(tenantPath(tenant, `/metrics?${searchOf({ ...query })}`), signal)

/** A day of several tenants at once. */
export const listActivity = (tenants: string[], signal: AbortSignal): Promise<Activity> => getJson<Activity>(`/v1/activity?tenants=${tenants.join(',')}`, signal)

export interface UsageQuery {
  start: string
  end: string
  granularity: string
  group_by: string
}

export const getUsage = (query: UsageQuery, signal?: AbortSignal): Promise<Page<UsageWindow>> => getJson<Page<UsageWindow>>(`/v1/usage?${searchOf({ ...query })}`, signal)

export const getUsageCsv = (query: UsageQuery): Promise<string> => getText(`/v1/usage?${searchOf({ ...query })}`, 'text/csv')

function searchOf(query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  return new URLSearchParams(given).toString()
}
