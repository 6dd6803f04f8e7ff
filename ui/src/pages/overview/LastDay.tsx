// What one tenant did in the last day, and how near it came to each of its quotas. The list of tenants shows the same in a row.
import { listActivity } from '../../api/metrics'
import { Sparkline } from '../../components/charts/Sparkline'
import { useLoad } from '../../components/Loaded'
import { OutcomeStrip } from '../../components/OutcomeBar'
import { Section } from '../../components/PageFrame'
import { plural } from '../../text/format'
import { QuotaMeter } from './ActivityCells'

export function LastDay({ slug }: { slug: string }) {
  const load = useLoad((signal) => listActivity([slug], signal), [slug])
  // Not every key may see it, and the page is whole without it.
  if (load.error) return null
  const activity = load.value?.data[0]
  const total = activity?.requests.reduce((sum, each) => sum + each, 0) ?? 0
  return (
    <Section title="The last day" about="Requests hour by hour, how they ended, and the nearest it came to each quota in the last hour.">
      <div class="grid min-h-28 gap-x-8 gap-y-4 py-4 sm:grid-cols-2 lg:grid-cols-4">
        {activity && (
          <>
            <div class="flex flex-col gap-2">
              <span class="text-sm tabular-nums">{plural(total, 'request')}</span>
              <Sparkline values={activity.requests} />
              <OutcomeStrip counts={activity.outcomes} />
            </div>
            {activity.quotas
              .filter(({ limit }) => limit > 0)
              .map((quota) => (
                <QuotaMeter key={quota.name} quota={quota} />
              ))}
          </>
        )}
      </div>
    </Section>
  )
}
