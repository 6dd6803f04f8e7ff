// The audit: who changed what, in chains of digests, and whether the chains are whole.
import { getJson } from './client'
import type { AuditEntry, AuditVerdict, Page } from './types'

export interface AuditFilter {
  tenant: string
  operation: string
  actor: string
  start: string
}

export function listAudit(filter: AuditFilter, cursor: string, signal?: AbortSignal): Promise<Page<AuditEntry>> {
  const given = Object.entries({ ...filter, cursor, limit: '100' }).filter(([, value]) => value !== '')
  return getJson<Page<AuditEntry>>(`/v1/audit?${new URLSearchParams(given).toString()}`, signal)
}

export const verifyAudit = (): Promise<AuditVerdict> => getJson<AuditVerdict>('/v1/audit/verify')
