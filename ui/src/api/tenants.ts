// Tenants and what an operator sets for them: state, plan, limits, keys. One function per call.
import { eachPage, getAll, getJson, getTagged, send, sendJson, type Tagged } from './client'
import { tenantPath } from './paths'
import type { Key, LimitNumbers, LimitSettings, NewKey, Tenant } from './types'

export const eachTenantPage = (signal?: AbortSignal): AsyncGenerator<Tenant[]> => eachPage<Tenant>('/v1/tenants?limit=500', signal)

export const getTenant = (slug: string, signal?: AbortSignal): Promise<Tenant> => getJson<Tenant>(tenantPath(slug), signal)

export const createTenant = (slug: string, plan?: string): Promise<Tenant> =>
  sendJson<Tenant>('POST', '/v1/tenants', plan === undefined ? { slug } : { slug, plan })

export const changeTenant = (slug: string, change: { plan?: string; labels?: Record<string, string> }): Promise<Tenant> =>
  sendJson<Tenant>('PATCH', tenantPath(slug), change)

export const suspendTenant = (slug: string, reason: string): Promise<Tenant> => sendJson<Tenant>('POST', tenantPath(slug, '/suspend'), { reason })

export const resumeTenant = (slug: string): Promise<Tenant> => sendJson<Tenant>('POST', tenantPath(slug, '/resume'), undefined)

export const deleteTenant = (slug: string): Promise<void> => send('DELETE', tenantPath(slug, `?confirm=${encodeURIComponent(slug)}`))

export const getTenantLimits = (slug: string, signal?: AbortSignal): Promise<Tagged<LimitSettings>> =>
  getTagged<LimitSettings>(tenantPath(slug, '/limits'), signal)

export const putTenantLimits = (slug: string, set: LimitNumbers, etag: string | null): Promise<LimitSettings> =>
  sendJson<LimitSettings>('PUT', tenantPath(slug, '/limits'), set, etag)

export const listKeys = (tenant: string, signal?: AbortSignal): Promise<Key[]> => getAll<Key>(tenantPath(tenant, '/keys'), signal)

export const createKey = (tenant: string, key: NewKey): Promise<Key> => sendJson<Key>('POST', tenantPath(tenant, '/keys'), key)

export const rotateKey = (tenant: string, id: string, graceSeconds: number): Promise<Key> =>
  sendJson<Key>('POST', tenantPath(tenant, `/keys/${encodeURIComponent(id)}/rotate`), { grace_s: graceSeconds })

export const revokeKey = (tenant: string, id: string): Promise<void> => send('DELETE', tenantPath(tenant, `/keys/${encodeURIComponent(id)}`))
