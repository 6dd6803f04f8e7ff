// The tenant's logs: what was asked, what became of it, and what the code wrote meanwhile; live until paused. The address carries the filter.
import { useEffect, useMemo } from 'preact/hooks'
import type { LogFilter } from '../../api/logs'
import type { PageProps } from '../../app/pages'
import { go, hrefOf } from '../../app/route'
import { Button } from '../../components/Button'
import { EmptyState } from '../../components/EmptyState'
import { Skeleton } from '../../components/Loaded'
import { Notice } from '../../components/Notice'
import { NotOffered } from '../../components/NotOffered'
import { PageFrame } from '../../components/PageFrame'
import { createFeed, type Feed } from './feed'
import { FilterBar } from './FilterBar'
import { RecordList } from './RecordList'

export default function LogsPage({ tenant, route }: PageProps) {
  const filter = filterOf(route.query)
  const key = JSON.stringify(filter)
  const feed = useMemo(() => createFeed(tenant, filter), [tenant, key])
  useEffect(() => {
    void feed.start()
    return feed.stop
  }, [feed])
  if (feed.error.value?.status === 404) return <NotOffered what="logs" />
  return (
    <PageFrame title="Logs" about="One record for each request and run, with what its code wrote." fixed actions={<Live feed={feed} />}>
      <FilterBar tenant={tenant} filter={filter} />
      <Body tenant={tenant} feed={feed} filtered={Object.values(filter).some((value) => value !== '')} />
    </PageFrame>
  )
}

function filterOf(query: URLSearchParams): LogFilter {
  const text = (name: keyof LogFilter): string => query.get(name) ?? ''
  return { level: text('level'), function: text('function'), outcome: text('outcome'), request_id: text('request_id'), query: text('query'), start: text('start') }
}

const WORDS = { connecting: 'Connecting…', live: 'Live', paused: 'Paused', off: 'Not followed' }

function Live({ feed }: { feed: Feed }) {
  const state = feed.state.value
  return (
    <>
      <span role="status" class="flex items-center gap-1.5 text-sm text-muted">
        <span class={`size-2 rounded-full ${state === 'live' ? 'bg-phase-run' : 'bg-line-strong'}`} aria-hidden="true" />
        {WORDS[state]}
        {feed.count.value > 0 && `, ${feed.count.value} new`}
      </span>
      <Button icon={state === 'paused' ? 'play' : 'pause'} class="min-w-24" disabled={state === 'off'} onClick={() => feed.setPaused(state !== 'paused')}>
        {state === 'paused' ? 'Go on' : 'Pause'}
      </Button>
    </>
  )
}

function Body({ tenant, feed, filtered }: { tenant: string; feed: Feed; filtered: boolean }) {
  const rows = feed.rows.value
  const error = feed.error.value
  if (rows === null && error) {
    return (
      <Notice tone="bad" title="The logs could not be loaded" action={<Button icon="refresh" onClick={() => void feed.start()}>Try again</Button>}>
        {error.message}
      </Notice>
    )
  }
  if (rows === null) return <Skeleton what="The logs" />
  if (rows.length === 0) {
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
  return <RecordList feed={feed} rows={rows} />
}
