// The tenant's logs: what was asked, what became of it, and what the code wrote meanwhile; live until paused. The address carries the filter.
import type { LogFilter } from '../../api/logs'
import type { PageProps } from '../../app/pages'
import { go, hrefOf } from '../../app/route'
import { Button } from '../../components/Button'
import { EmptyState } from '../../components/EmptyState'
import { Live, LiveRecords, useFeed } from '../../components/logs/LiveRecords'
import { NotOffered } from '../../components/NotOffered'
import { PageFrame } from '../../components/PageFrame'
import { FilterBar } from './FilterBar'

export default function LogsPage({ tenant, route }: PageProps) {
  const filter = filterOf(route.query)
  const feed = useFeed(tenant, filter)
  if (feed.error.value?.status === 404) return <NotOffered what="logs" />
  const filtered = Object.values(filter).some((value) => value !== '')
  return (
    <PageFrame title="Logs" about="One record for each request and run, with what its code wrote." fixed actions={<Live feed={feed} />}>
      <FilterBar tenant={tenant} filter={filter} />
      <LiveRecords tenant={tenant} feed={feed} empty={<Nothing tenant={tenant} filtered={filtered} />} />
    </PageFrame>
  )
}

function filterOf(query: URLSearchParams): LogFilter {
  const text = (name: keyof LogFilter): string => query.get(name) ?? ''
  return { level: text('level'), function: text('function'), outcome: text('outcome'), request_id: text('request_id'), query: text('query'), start: text('start') }
}

function Nothing({ tenant, filtered }: { tenant: string; filtered: boolean }) {
  return (
    <EmptyState
      icon="lines"
      title={filtered ? 'No record is like that' : 'Nothing was asked yet'}
      command={filtered ? '' : `isolet logs --tail --tenant ${tenant}`}
      action={filtered ? <Button onClick={() => go(hrefOf('logs'))}>All records</Button> : <Button look="primary" onClick={() => go(hrefOf('playground'))}>Send a test request</Button>}
    >
      {filtered ? 'What comes from now on and matches appears here.' : 'Each request and run leaves a record here, a moment after it ended.'}
    </EmptyState>
  )
}
