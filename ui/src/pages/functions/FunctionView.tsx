// One function: what it is called by, what can be done with it as a whole, and its tabs.
import { useSignal } from '@preact/signals'
import { deleteFunction, getFunction, rollBack } from '../../api/functions'
import type { FunctionEntry } from '../../api/types'
import { usePageCommands } from '../../app/commands'
import { may } from '../../app/rights'
import { go, hrefOf } from '../../app/route'
import { Button, IconButton } from '../../components/Button'
import { CopyButton } from '../../components/CopyButton'
import { ConfirmDialog } from '../../components/Dialog'
import { EgressEditor } from '../../components/egress/EgressEditor'
import { EmptyState } from '../../components/EmptyState'
import { Loaded, useLoad } from '../../components/Loaded'
import { PageFrame } from '../../components/PageFrame'
import { TabPanel, Tabs } from '../../components/Tabs'
import { EnvironmentTab } from './EnvironmentTab'
import { FunctionLimits } from './FunctionLimits'
import { LogsTab } from './LogsTab'
import { MetricsTab } from './MetricsTab'
import { RoutesTab } from './RoutesTab'
import { TrafficTab } from './TrafficTab'
import { VersionsTab } from './VersionsTab'

const TABS = [
  { id: 'versions', label: 'Versions' },
  { id: 'traffic', label: 'Traffic' },
  { id: 'logs', label: 'Logs' },
  { id: 'metrics', label: 'Metrics' },
  { id: 'routes', label: 'Routes' },
  { id: 'env', label: 'Environment' },
  { id: 'egress', label: 'Egress' },
  { id: 'limits', label: 'Limits' },
] as const
type Tab = (typeof TABS)[number]['id']

export function FunctionView({ tenant, name, tab }: { tenant: string; name: string; tab: string }) {
  const entry = useLoad((signal) => getFunction(tenant, name, signal), [tenant, name])
  const active: Tab = TABS.find(({ id }) => id === tab)?.id ?? 'versions'
  usePageCommands(
    () => [
      { id: 'open', title: `Open ${name} in the playground`, icon: 'play', act: () => go(hrefOf('playground', [], { function: name })) },
      ...TABS.map(({ id, label }) => ({ id: `tab-${id}`, title: `${label} of ${name}`, icon: 'function' as const, act: () => go(hrefOf('functions', [name, id])) })),
    ],
    [name],
  )
  if (entry.error?.status === 404) {
    return (
      <EmptyState icon="function" title="There is no such function" action={<Button onClick={() => go(hrefOf('functions'))}>All functions</Button>}>
        <span class="tenant-text">{name}</span> is not among this tenant's functions; it may have been removed.
      </EmptyState>
    )
  }
  return (
    <PageFrame
      title={
        <span class="flex items-center gap-1">
          <IconButton icon="back" label="All functions" onClick={() => go(hrefOf('functions'))} />
          <span class="truncate">{name}</span>
        </span>
      }
      about={entry.value && <Address url={entry.value.url} />}
      actions={entry.value && <Actions tenant={tenant} entry={entry.value} onChanged={entry.reload} />}
      tabs={<Tabs label="Parts of the function" idBase="function" class="h-9" tabs={[...TABS]} active={active} onSelect={(id) => go(hrefOf('functions', [name, id]))} />}
    >
      <TabPanel idBase="function" active={active}>
        <Loaded load={entry} what="The function">
          {(value) => (
            <>
              {active === 'versions' && <VersionsTab tenant={tenant} entry={value} onChanged={entry.reload} />}
              {active === 'traffic' && <TrafficTab tenant={tenant} name={name} onChanged={entry.reload} />}
              {active === 'logs' && <LogsTab tenant={tenant} name={name} />}
              {active === 'metrics' && <MetricsTab tenant={tenant} name={name} />}
              {active === 'routes' && <RoutesTab tenant={tenant} name={name} />}
              {active === 'env' && <EnvironmentTab tenant={tenant} name={name} />}
              {active === 'egress' && <EgressEditor owner={{ kind: 'function', tenant, name }} writable={may('egress:write')} />}
              {active === 'limits' && <FunctionLimits tenant={tenant} name={name} />}
            </>
          )}
        </Loaded>
      </TabPanel>
    </PageFrame>
  )
}

function Address({ url }: { url: string }) {
  return (
    <span class="flex items-center gap-1">
      <a class="truncate font-mono text-xs text-accent hover:underline" href={url} target="_blank" rel="noreferrer noopener">
        {url}
      </a>
      <CopyButton what="address" text={() => url} small />
    </span>
  )
}

function Actions({ tenant, entry, onChanged }: { tenant: string; entry: FunctionEntry; onChanged: () => Promise<void> }) {
  const asking = useSignal<'rollback' | 'delete' | null>(null)
  return (
    <>
      <Button icon="play" onClick={() => go(hrefOf('playground', [], { function: entry.name }))}>
        Open in the playground
      </Button>
      {may('deploy') && (
        <Button icon="refresh" disabled={entry.live_version === null} onClick={() => (asking.value = 'rollback')}>
          Roll back
        </Button>
      )}
      {may('functions:write') && <IconButton icon="trash" label={`Delete ${entry.name}`} onClick={() => (asking.value = 'delete')} />}
      <ConfirmDialog
        open={asking.value === 'rollback'}
        title={`Roll ${entry.name} back?`}
        detail="All traffic of live goes where it went before the last change. No version is lost; rolling back again undoes it."
        confirm="Roll back"
        onConfirm={async () => {
          await rollBack(tenant, entry.name, null)
          await onChanged()
        }}
        onClose={() => (asking.value = null)}
      />
      <ConfirmDialog
        open={asking.value === 'delete'}
        title={`Delete ${entry.name}?`}
        detail="The function goes with all its versions, variables and secrets, and its address answers 404 from then on. This cannot be undone."
        confirm="Delete"
        word={entry.name}
        onConfirm={async () => {
          await deleteFunction(tenant, entry.name)
          go(hrefOf('functions'))
        }}
        onClose={() => (asking.value = null)}
      />
    </>
  )
}
