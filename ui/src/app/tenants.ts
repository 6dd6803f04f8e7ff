// Which tenants this session may see, and which one the pages are about. A session bound to a tenant has no choice.
import { computed, signal } from '@preact/signals'
import { asApiError, type ApiError } from '../api/problem'
import { createTenant, listTenants } from '../api/resources'
import { session } from '../auth/session'

const STORAGE_KEY = 'isolet.tenant'

/** `null` until known. */
export const tenants = signal<string[] | null>(null)
export const tenantsError = signal<ApiError | null>(null)
const chosen = signal<string | null>(localStorage.getItem(STORAGE_KEY))

export const tenant = computed<string | null>(() => {
  const list = tenants.value
  if (list === null) return null
  const wish = chosen.value
  return wish !== null && list.includes(wish) ? wish : (list[0] ?? null)
})

export async function loadTenants(): Promise<void> {
  const bound = session.peek()?.tenant ?? null
  if (bound !== null) {
    tenants.value = [bound]
    return
  }
  tenantsError.value = null
  try {
    const page = await listTenants()
    tenants.value = page.data.map((entry) => entry.slug)
  } catch (thrown) {
    tenantsError.value = asApiError(thrown)
  }
}

export function chooseTenant(slug: string): void {
  chosen.value = slug
  localStorage.setItem(STORAGE_KEY, slug)
}

/** Throws `ApiError`. */
export async function addTenant(slug: string): Promise<void> {
  await createTenant(slug)
  await loadTenants()
  chooseTenant(slug)
}

export function forgetTenants(): void {
  tenants.value = null
  tenantsError.value = null
}
