// One tenant, as the operator and as its own keys see it: state, plan, labels, limits, egress, and its end.
import { useSignal } from '@preact/signals'
import { changeTenant, deleteTenant, getTenant, getTenantLimits, putTenantLimits, resumeTenant, suspendTenant } from '../../api/tenants'
import type { Tenant } from '../../api/types'
import { isAdmin, may, seesAllTenants } from '../../app/rights'
import { go, hrefOf } from '../../app/route'
import { chooseTenant, tenantChanged, tenantGone } from '../../app/tenants'
import { Badge } from '../../components/Badge'
import { Button, IconButton } from '../../components/Button'
import { ConfirmDialog, Modal } from '../../components/Dialog'
import { EgressEditor } from '../../components/egress/EgressEditor'
import { EmptyState } from '../../components/EmptyState'
import { TextField } from '../../components/Field'
import { Form, useAction } from '../../components/Form'
import { LimitsEditor } from '../../components/LimitsEditor'
import { Loaded, useLoad, type Load } from '../../components/Loaded'
import { Notice } from '../../components/Notice'
import { PageFrame, Section } from '../../components/PageFrame'
import { moment } from '../../text/format'
import { LastDay } from './LastDay'

export function TenantView({ slug }: { slug: string }) {
  const tenant = useLoad((signal) => getTenant(slug, signal), [slug])
  if (tenant.error?.status === 404) {
    return (
      <EmptyState icon="grid" title="There is no such tenant" action={<Button onClick={() => go(hrefOf('overview'))}>All tenants</Button>}>
        <span class="tenant-text">{slug}</span> is not here; it may have been deleted.
      </EmptyState>
    )
  }
  return (
    <PageFrame
      title={
        <span class="flex items-center gap-1">
          {seesAllTenants.value && <IconButton icon="back" label="All tenants" onClick={() => go(hrefOf('overview'))} />}
          <span class="truncate">{slug}</span>
          {tenant.value && (tenant.value.status === 'suspended' ? <Badge tone="warn">suspended</Badge> : <Badge tone="ok">active</Badge>)}
        </span>
      }
      about={tenant.value && `since ${moment(tenant.value.created_at)}`}
      actions={tenant.value && <Actions tenant={tenant.value} load={tenant} />}
    >
      <Loaded load={tenant} what="The tenant">
        {(value) => (
          <>
            {value.suspension && (
              <div class="pb-4">
                <Notice tone="warn" title={`Suspended since ${moment(value.suspension.since)}`}>
                  <span class="tenant-text">{value.suspension.reason || 'No reason was given.'}</span> Nothing of it runs; its addresses answer 503.
                </Notice>
              </div>
            )}
            <LastDay slug={slug} />
            <Properties key={JSON.stringify([value.plan, value.labels])} tenant={value} load={tenant} />
            <Limits slug={slug} />
            {may('egress:read') && (
              <>
                <EgressEditor owner={{ kind: 'ceiling', tenant: slug }} writable={isAdmin.value} />
                <EgressEditor owner={{ kind: 'tenant', tenant: slug }} writable={may('egress:write')} />
              </>
            )}
          </>
        )}
      </Loaded>
    </PageFrame>
  )
}

interface PartProps {
  tenant: Tenant
  load: Load<Tenant>
}

function Actions({ tenant, load }: PartProps) {
  const asking = useSignal<'suspend' | 'delete' | null>(null)
  const { busy, fault, act } = useAction()
  const adopt = (changed: Tenant): void => {
    tenantChanged(changed)
    load.set(changed)
  }
  return (
    <>
      <span role="alert" class="text-sm text-bad">
        {fault.value}
      </span>
      <Button
        icon="function"
        onClick={() => {
          chooseTenant(tenant.slug)
          go(hrefOf('functions'))
        }}
      >
        Functions
      </Button>
      {may('tenants:write') && tenant.status === 'active' && (
        <Button icon="pause" onClick={() => (asking.value = 'suspend')}>
          Suspend
        </Button>
      )}
      {may('tenants:write') && tenant.status === 'suspended' && (
        <Button icon="play" busy={busy.value} onClick={() => void act(async () => adopt(await resumeTenant(tenant.slug)))}>
          Resume
        </Button>
      )}
      {may('tenants:write') && <IconButton icon="trash" label={`Delete ${tenant.slug}`} onClick={() => (asking.value = 'delete')} />}
      <Modal open={asking.value === 'suspend'} title={`Suspend ${tenant.slug}?`} onClose={() => (asking.value = null)}>
        <SuspendForm tenant={tenant} onDone={adopt} onClose={() => (asking.value = null)} />
      </Modal>
      <ConfirmDialog
        open={asking.value === 'delete'}
        title={`Delete ${tenant.slug}?`}
        detail="All its functions, versions, keys, secrets, runs and routes go with it. This cannot be undone."
        confirm="Delete for good"
        word={tenant.slug}
        onConfirm={async () => {
          await deleteTenant(tenant.slug)
          tenantGone(tenant.slug)
          go(hrefOf('overview'))
        }}
        onClose={() => (asking.value = null)}
      />
    </>
  )
}

function SuspendForm({ tenant, onDone, onClose }: { tenant: Tenant; onDone: (changed: Tenant) => void; onClose: () => void }) {
  const reason = useSignal('')
  return (
    <Form
      submit="Suspend"
      danger
      onCancel={onClose}
      onSubmit={async () => {
        onDone(await suspendTenant(tenant.slug, reason.value))
        onClose()
      }}
    >
      <p class="text-sm text-muted">Nothing of it runs until it is resumed: its addresses answer 503, its keys can still read.</p>
      <TextField label="Reason" value={reason.value} onText={(text) => (reason.value = text)} placeholder="for those who ask later" autofocus />
    </Form>
  )
}

function Properties({ tenant, load }: PartProps) {
  const plan = useSignal(tenant.plan)
  const labels = useSignal(Object.entries(tenant.labels).map(([name, value]) => `${name}=${value}`).join(', '))
  const wanted = labelsOf(labels.value)
  const same = plan.value === tenant.plan && JSON.stringify(wanted) === JSON.stringify(tenant.labels)
  return (
    <Section title="Plan and labels" about="The plan sets the limits; labels are for finding, and for sums in the usage.">
      <div class="py-3">
        <Form
          submit="Save"
          disabled={same || wanted === null || !may('tenants:write')}
          onSubmit={async () => {
            const changed = await changeTenant(tenant.slug, { ...(plan.value === tenant.plan ? {} : { plan: plan.value }), labels: wanted ?? {} })
            tenantChanged(changed)
            load.set(changed)
          }}
        >
          <div class="grid gap-3 sm:grid-cols-2">
            <TextField label="Plan" value={plan.value} onText={(text) => (plan.value = text.trim())} />
            <TextField label="Labels" mono value={labels.value} onText={(text) => (labels.value = text)} placeholder="tier=gold, region=eu" fault={wanted === null ? 'Write name=value, with commas between.' : null} />
          </div>
        </Form>
      </div>
    </Section>
  )
}

function labelsOf(text: string): Record<string, string> | null {
  const pairs = text.split(',').map((part) => part.trim()).filter((part) => part !== '')
  const entries = pairs.map((pair) => /^([^=]+)=(.*)$/.exec(pair))
  return entries.some((match) => match === null) ? null : Object.fromEntries(entries.map((match) => [match?.[1]?.trim() ?? '', match?.[2]?.trim() ?? '']))
}

function Limits({ slug }: { slug: string }) {
  const limits = useLoad((signal) => getTenantLimits(slug, signal), [slug])
  return (
    <Section title="Limits" about="Set here they hold below the plan's: the lowest counts.">
      {/* As high as they are: what stands below stays where it is when they come. */}
      <div class="min-h-[28rem]">
        <Loaded load={limits} what="The limits">
          {(found) => (
            <LimitsEditor
              settings={found}
              disabled={!may('limits:write')}
              onSave={async (set) => {
                try {
                  await putTenantLimits(slug, set, found.etag)
                } finally {
                  await limits.reload()
                }
              }}
            />
          )}
        </Loaded>
      </div>
    </Section>
  )
}
