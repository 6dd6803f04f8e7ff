// What this session may do, for showing only what would work. The server decides anew on each call.
import { computed } from '@preact/signals'
import type { Scope } from '../api/types'
import { session } from '../auth/session'

const scopes = computed<ReadonlySet<Scope>>(() => new Set(session.value?.scopes ?? []))

export function may(scope: Scope): boolean {
  return scopes.value.has(scope)
}

/** The operator's own key, or the link: what no other may do, a tenant's ceiling for instance. */
export const isAdmin = computed(() => session.value?.preset === 'admin')

/** True for keys that are bound to no tenant: the operator's. */
export const seesAllTenants = computed(() => session.value !== null && session.value.tenant === null)
