// What a tenant did in the last day, as three cells of its row: requests hour by hour, how they ended, and how near it came to a quota.
import type { TenantActivity } from '../../api/types'
import { Meter } from '../../components/Meter'
import { OutcomeStrip } from '../../components/OutcomeBar'
import { Sparkline } from '../../components/charts/Sparkline'
import { bytes, count, milliseconds } from '../../text/format'

export const ACTIVITY_HEADS = ['Requests, 24 h', 'Outcomes', 'Nearest quota']
export const ACTIVITY_COLUMNS = '11rem 8rem 9rem'

export function ActivityCells({ activity }: { activity: TenantActivity | undefined }) {
  if (!activity) {
    return (
      <>
        {ACTIVITY_HEADS.map((head) => (
          <span key={head} role="cell" />
        ))}
      </>
    )
  }
  const total = activity.requests.reduce((sum, each) => sum + each, 0)
  const quota = nearest(activity)
  return (
    <>
      <span role="cell" class="flex items-center gap-2 px-4">
        <Sparkline values={activity.requests} />
        <span class="text-xs text-muted tabular-nums">{count(total)}</span>
      </span>
      <span role="cell" class="px-4">
        <OutcomeStrip counts={activity.outcomes} />
      </span>
      <span role="cell" class="px-4">
        {quota && <QuotaMeter quota={quota} />}
      </span>
    </>
  )
}

type Quota = TenantActivity['quotas'][number]

export function QuotaMeter({ quota: { name, used, limit } }: { quota: Quota }) {
  return <Meter label={NAMES[name] ?? name} share={used / limit} detail={`${amount(name, used)} of ${amount(name, limit)}, in the busiest minute of the last hour`} />
}

function nearest({ quotas }: TenantActivity): Quota | undefined {
  return quotas.filter(({ limit }) => limit > 0).toSorted((a, b) => b.used / b.limit - a.used / a.limit)[0]
}

const NAMES: Record<string, string> = { rps: 'requests', cpu_ms_per_minute: 'CPU', egress_bytes_per_minute: 'egress' }

function amount(name: string, value: number): string {
  if (name === 'rps') return `${Number(value.toFixed(1))}/s`
  return name.startsWith('cpu') ? milliseconds(value) : bytes(value)
}
