// Which tenants this session may see, and which one the pages are about. A session bound to a tenant has no choice.
import { computed, signal } from '@preact/signals'
import { asApiError, type ApiError } from '../api/problem'
import { createTenant, eachTenantPage } from '../api/tenants'
import type { Tenant } from '../api/types'
import { session } from '../auth/session'
import { hrefOf, route } from './route'

const STORAGE_KEY = 'isolet.tenant'

/** What the list says of each; only slugs where the session is bound to one. `null` until the first page of them is known. */
export const tenantList = signal<Tenant[] | null>(null)
export const tenants = signal<string[] | null>(null)
export const tenantsError = signal<ApiError | null>(null)
/** False while pages of a long list are still arriving. */
export const tenantsComplete = signal(false)
const chosen = signal<string | null>(localStorage.getItem(STORAGE_KEY))

/** The address has the first word, then the last choice, then the list's order. */
export const tenant = computed<string | null>(() => {
  const list = tenants.value
  if (list === null) return null
  const named = route.value.query.get('tenant')
  const wish = [named, chosen.value].find((slug) => slug !== null && list.includes(slug))
  return wish ?? list[0] ?? null
})

let asked = 0

export async function loadTenants(): Promise<void> {
  const bound = session.peek()?.tenant ?? null
  if (bound !== null) {
    tenants.value = [bound]
    tenantsComplete.value = true
    return
  }
  asked += 1
  const mine = asked
  tenantsError.value = null
  try {
    const all: Tenant[] = []
    for await (const page of eachTenantPage()) {
      if (mine !== asked) return
      all.push(...page)
      // The first page is shown at once; the rest of a long list when all of it is there, lest the rows move under the reader.
      if (tenantList.peek() === null) publish([...all])
    }
    publish(all)
    tenantsComplete.value = true
  } catch (thrown) {
    if (mine === asked) tenantsError.value = asApiError(thrown)
  }
}

function publish(list: Tenant[]): void {
  tenantList.value = list
  tenants.value = list.map((entry) => entry.slug)
}

export function chooseTenant(slug: string): void {
  chosen.value = slug
  localStorage.setItem(STORAGE_KEY, slug)
  const { page, query } = route.peek()
  // Parts of the address name things of the tenant before: a function, a run.
  if (query.has('tenant')) location.hash = hrefOf(page, [], { tenant: slug })
  else if (route.peek().parts.length > 0 && page !== 'docs') location.hash = hrefOf(page)
}

/** Throws `ApiError`. */
export async function addTenant(slug: string, plan?: string): Promise<void> {
  await createTenant(slug, plan)
  await loadTenants()
  chooseTenant(slug)
}

/** Takes over what a change of one tenant gave. */
export function tenantChanged(changed: Tenant): void {
  const list = tenantList.peek()
  if (list) publish(list.map((entry) => (entry.slug === changed.slug ? changed : entry)))
}

export function tenantGone(slug: string): void {
  const list = tenantList.peek()
  if (list) publish(list.filter((entry) => entry.slug !== slug))
}

export function forgetTenants(): void {
  asked += 1
  tenantList.value = null
  tenants.value = null
  tenantsError.value = null
  tenantsComplete.value = false
}
