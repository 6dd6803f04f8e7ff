// The host's tenants: the list, or one of them by the address. A key that is bound to a tenant sees that one.
import type { PageProps } from '../../app/pages'
import { seesAllTenants } from '../../app/rights'
import { TenantList } from './TenantList'
import { TenantView } from './TenantView'

export default function OverviewPage({ tenant, route }: PageProps) {
  const slug = seesAllTenants.value ? route.parts[0] : tenant
  return slug === undefined ? <TenantList /> : <TenantView key={slug} slug={slug} />
}
