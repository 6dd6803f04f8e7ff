// The host's tenants: the list, or one of them by the address. Only a key that is bound to no tenant sees more than its own.
import type { PageProps } from '../../app/pages'
import { TenantList } from './TenantList'
import { TenantView } from './TenantView'

export default function OverviewPage({ route }: PageProps) {
  const [slug] = route.parts
  return slug === undefined ? <TenantList /> : <TenantView key={slug} slug={slug} />
}
