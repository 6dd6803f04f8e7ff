// All tenants, found by name, plan, label or state; ten thousand of them are one list.
import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { Tenant } from '../../api/types'
import { may } from '../../app/rights'
import { hrefOf } from '../../app/route'
import { loadTenants, tenantList, tenantsComplete, tenantsError } from '../../app/tenants'
import { Badge } from '../../components/Badge'
import { Button } from '../../components/Button'
import { EmptyState } from '../../components/EmptyState'
import { Skeleton } from '../../components/Loaded'
import { Notice } from '../../components/Notice'
import { PageFrame } from '../../components/PageFrame'
import { SearchField } from '../../components/SearchField'
import { Segmented } from '../../components/Segmented'
import { VirtualTable } from '../../components/VirtualTable'
import { useWide } from '../../components/useWide'
import { When } from '../../components/When'
import { count, plural } from '../../text/format'
import { type Activities, createActivities } from './activity'
import { ACTIVITY_COLUMNS, ACTIVITY_HEADS, ActivityCells } from './ActivityCells'
import { CreateTenant } from './CreateTenant'

type State = 'all' | 'active' | 'suspended'

const ROW_HEIGHT = 44

export function TenantList() {
  const word = useSignal('')
  const state = useSignal<State>('all')
  const creating = useSignal(false)
  const wide = useWide('(min-width: 1100px)')
  const activities = useMemo(createActivities, [])
  useEffect(() => activities.stop, [activities])
  const shown = useComputed(() => (tenantList.value ?? []).filter((entry) => (state.value === 'all' || entry.status === state.value) && matches(entry, word.value)))
  const all = tenantList.value
  return (
    <PageFrame
      title="Tenants"
      about={all ? summary(all) : 'The customers of this host, each sealed off from all others.'}
      fixed
      actions={
        <>
          <Segmented
            label="State"
            choices={[
              { value: 'all', label: 'All' },
              { value: 'active', label: 'Active' },
              { value: 'suspended', label: 'Suspended' },
            ]}
            value={state.value}
            onChange={(next) => (state.value = next)}
          />
          <SearchField label="Find by name, plan or label" value={word.value} onText={(text) => (word.value = text)} />
          {may('tenants:write') && (
            <Button look="primary" icon="plus" onClick={() => (creating.value = true)}>
              New tenant
            </Button>
          )}
        </>
      }
    >
      {tenantsError.value && all && (
        <Notice tone="bad" title="The list is not complete" action={<Button onClick={() => void loadTenants()}>Try again</Button>}>
          {tenantsError.value.message}
        </Notice>
      )}
      {all === null ? (
        <Skeleton what="The tenants" />
      ) : shown.value.length === 0 ? (
        <Nothing none={all.length === 0} onCreate={() => (creating.value = true)} />
      ) : (
        <VirtualTable
          caption="Tenants"
          head={wide.value ? ['Tenant', 'State', ...ACTIVITY_HEADS, 'Plan', 'Labels', 'Since'] : ['Tenant', 'State']}
          columns={wide.value ? `2fr 7rem ${ACTIVITY_COLUMNS} 1fr 1.5fr 7rem` : '1fr 8rem'}
          rows={shown.value}
          rowHeight={ROW_HEIGHT}
          keyOf={({ slug }) => slug}
          row={(entry) => <Cells entry={entry} wide={wide.value} activities={activities} />}
          onShown={(rows) => wide.value && may('metrics:read') && activities.want(rows.map(({ slug }) => slug))}
        />
      )}
      <p class="shrink-0 py-2 text-xs text-muted" role="status">
        {all && `${count(shown.value.length)} of ${plural(all.length, 'tenant')}${tenantsComplete.value ? '' : ', more are on their way'}`}
      </p>
      <CreateTenant open={creating.value} onClose={() => (creating.value = false)} />
    </PageFrame>
  )
}

interface CellsProps {
  entry: Tenant
  wide: boolean
  activities: Activities
}

function Cells({ entry, wide, activities }: CellsProps) {
  const labels = wide ? Object.entries(entry.labels).map(([name, value]) => `${name}=${value}`).join('  ') : ''
  return (
    <>
      <span role="rowheader" class="truncate px-4 font-medium">
        <a class="text-accent hover:underline" href={hrefOf('overview', [entry.slug])}>
          {entry.slug}
        </a>
      </span>
      <span role="cell" class="px-4">
        {entry.status === 'suspended' ? <Badge tone="warn">suspended</Badge> : <Badge tone="ok">active</Badge>}
      </span>
      {wide && (
        <>
          <ActivityCells activity={activities.known.value.get(entry.slug)} />
          <span role="cell" class="truncate px-4 text-muted">
            {entry.plan}
          </span>
          <span role="cell" class="truncate px-4 font-mono text-xs text-muted" title={labels}>
            {labels}
          </span>
          <span role="cell" class="px-4 text-muted">
            <When at={entry.created_at} />
          </span>
        </>
      )}
    </>
  )
}

function Nothing({ none, onCreate }: { none: boolean; onCreate: () => void }) {
  if (!none) return <EmptyState icon="search" title="No tenant is like that">Another word, or all states, shows more.</EmptyState>
  return (
    <EmptyState icon="grid" title="No tenant yet" command="isolet tenant create acme" action={<Button look="primary" onClick={onCreate}>Create a tenant</Button>}>
      Functions, runs and keys belong to a tenant: one customer of yours.
    </EmptyState>
  )
}

function matches({ slug, plan, labels }: Tenant, word: string): boolean {
  const wanted = word.trim().toLowerCase()
  if (wanted === '') return true
  return slug.includes(wanted) || plan.toLowerCase().includes(wanted) || Object.entries(labels).some(([name, value]) => `${name}=${value}`.toLowerCase().includes(wanted))
}

function summary(all: Tenant[]): string {
  const suspended = all.filter(({ status }) => status === 'suspended').length
  return `${plural(all.length, 'tenant')}, ${suspended === 0 ? 'none' : count(suspended)} suspended.`
}
