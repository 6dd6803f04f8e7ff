// Functions and what belongs to them: versions, aliases, routes, variables, secrets. One function per call.
import { getAll, getJson, getTagged, send, sendJson, type Mark, type Tagged } from './client'
import { functionPath, tenantPath } from './paths'
import type { Alias, Deployed, FunctionEntry, LimitNumbers, LimitSettings, RouteEntry, SentCode, Share, Variable, Version, VersionDiff, VersionSource } from './types'

export const listFunctions = (tenant: string, signal?: AbortSignal): Promise<FunctionEntry[]> =>
  getAll<FunctionEntry>(tenantPath(tenant, '/functions?limit=500'), signal)

export const getFunction = (tenant: string, name: string, signal?: AbortSignal): Promise<FunctionEntry> =>
  getJson<FunctionEntry>(functionPath(tenant, name), signal)

export const putFunction = (tenant: string, name: string): Promise<FunctionEntry> => sendJson<FunctionEntry>('PUT', functionPath(tenant, name), {})

export const deleteFunction = (tenant: string, name: string): Promise<void> => send('DELETE', functionPath(tenant, name))

export const listVersions = (tenant: string, name: string, signal?: AbortSignal): Promise<Version[]> =>
  getAll<Version>(functionPath(tenant, name, '/versions?limit=500'), signal)

export const getSource = (tenant: string, name: string, version: string, signal?: AbortSignal): Promise<VersionSource> =>
  getJson<VersionSource>(functionPath(tenant, name, `/versions/${encodeURIComponent(version)}/source`), signal)

export const getDiff = (tenant: string, name: string, version: string, base: string | null, signal?: AbortSignal): Promise<VersionDiff> =>
  getJson<VersionDiff>(functionPath(tenant, name, `/versions/${encodeURIComponent(version)}/diff${base === null ? '' : `?base=${encodeURIComponent(base)}`}`), signal)

/** Builds a version without sending it any traffic. */
export const addVersion = (tenant: string, name: string, code: SentCode, message: string): Promise<Version> =>
  sendJson<Version>('POST', functionPath(tenant, name, '/versions'), { ...code, message })

/** `live` goes to this version alone. */
export const deployVersion = (tenant: string, name: string, version: string): Promise<Deployed> =>
  sendJson<Deployed>('POST', functionPath(tenant, name, '/deploy'), { version })

export const rollBack = (tenant: string, name: string, to: string | null): Promise<unknown> =>
  sendJson<unknown>('POST', functionPath(tenant, name, '/rollback'), to === null ? {} : { to })

export const listAliases = (tenant: string, name: string, signal?: AbortSignal): Promise<Alias[]> =>
  getAll<Alias>(functionPath(tenant, name, '/aliases'), signal)

export const getAlias = (tenant: string, name: string, alias: string, signal?: AbortSignal): Promise<Tagged<Alias>> =>
  getTagged<Alias>(functionPath(tenant, name, `/aliases/${encodeURIComponent(alias)}`), signal)

export const putAlias = (tenant: string, name: string, alias: string, split: Share[], sticky: string, mark: Mark): Promise<Alias> =>
  sendJson<Alias>('PUT', functionPath(tenant, name, `/aliases/${encodeURIComponent(alias)}`), { split, sticky: { by: sticky } }, mark)

export const deleteAlias = (tenant: string, name: string, alias: string, etag: string | null): Promise<void> =>
  send('DELETE', functionPath(tenant, name, `/aliases/${encodeURIComponent(alias)}`), undefined, etag)

export const listRoutes = (tenant: string, signal?: AbortSignal): Promise<RouteEntry[]> => getAll<RouteEntry>(tenantPath(tenant, '/routes'), signal)

export const putRoute = (tenant: string, id: string, route: { host: string; path_prefix: string; function: string; alias: string }): Promise<RouteEntry> =>
  sendJson<RouteEntry>('PUT', tenantPath(tenant, `/routes/${encodeURIComponent(id)}`), route)

export const deleteRoute = (tenant: string, id: string): Promise<void> => send('DELETE', tenantPath(tenant, `/routes/${encodeURIComponent(id)}`))

export const listVariables = (tenant: string, name: string, signal?: AbortSignal): Promise<Variable[]> =>
  getAll<Variable>(functionPath(tenant, name, '/env'), signal)

export const setVariable = (tenant: string, name: string, variable: Variable): Promise<unknown> =>
  sendJson<unknown>('POST', functionPath(tenant, name, '/env'), variable)

export const deleteVariable = (tenant: string, name: string, variable: string): Promise<void> =>
  send('DELETE', functionPath(tenant, name, `/env/${encodeURIComponent(variable)}`))

export const listSecrets = (tenant: string, name: string, signal?: AbortSignal): Promise<{ name: string }[]> =>
  getAll<{ name: string }>(functionPath(tenant, name, '/secrets'), signal)

export const putSecret = (tenant: string, name: string, secret: string, value: string): Promise<void> =>
  send('PUT', functionPath(tenant, name, `/secrets/${encodeURIComponent(secret)}`), { value })

export const deleteSecret = (tenant: string, name: string, secret: string): Promise<void> =>
  send('DELETE', functionPath(tenant, name, `/secrets/${encodeURIComponent(secret)}`))

export const getFunctionLimits = (tenant: string, name: string, signal?: AbortSignal): Promise<Tagged<LimitSettings>> =>
  getTagged<LimitSettings>(functionPath(tenant, name, '/limits'), signal)

export const putFunctionLimits = (tenant: string, name: string, set: LimitNumbers, etag: string | null): Promise<LimitSettings> =>
  sendJson<LimitSettings>('PUT', functionPath(tenant, name, '/limits'), set, etag)
