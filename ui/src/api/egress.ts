// Rules for outgoing requests: of a function, of a tenant, and the operator's ceiling over a tenant. Each is changed for the state that was read.
import { getTagged, send, sendJson, type Tagged } from './client'
import { functionPath, tenantPath } from './paths'
import type { Policy, Rule } from './types'

/** Whose rules. */
export type EgressOwner = { kind: 'function'; tenant: string; name: string } | { kind: 'tenant' | 'ceiling'; tenant: string }

export function egressPath(owner: EgressOwner): string {
  if (owner.kind === 'function') return functionPath(owner.tenant, owner.name, '/egress')
  return tenantPath(owner.tenant, owner.kind === 'ceiling' ? '/egress/ceiling' : '/egress')
}

/** `rules: null` where none were ever set. */
export const getEgress = (owner: EgressOwner, signal?: AbortSignal): Promise<Tagged<Policy>> => getTagged<Policy>(egressPath(owner), signal)

export const putEgress = (owner: EgressOwner, rules: Rule[], etag: string | null): Promise<Policy> => sendJson<Policy>('PUT', egressPath(owner), { rules }, etag)

export const deleteEgress = (owner: EgressOwner, etag: string | null): Promise<void> => send('DELETE', egressPath(owner), undefined, etag)
