// A tenant's records as they come: what is followed and whether it is, the list, and what stands there when nothing does. Which records are
// wanted says the page.
import { useEffect, useMemo } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import type { LogFilter } from '../../api/logs'
import { Button } from '../Button'
import { Skeleton } from '../Loaded'
import { Notice } from '../Notice'
import { createFeed, type Feed } from './feed'
import { RecordList } from './RecordList'

/** Followed while the caller is shown; another filter begins anew. */
export function useFeed(tenant: string, filter: LogFilter): Feed {
  const key = JSON.stringify(filter)
  const feed = useMemo(() => createFeed(tenant, filter), [tenant, key])
  useEffect(() => {
    void feed.start()
    return feed.stop
  }, [feed])
  return feed
}

const WORDS = { connecting: 'Connecting…', live: 'Live', paused: 'Paused', off: 'Not followed' }

export function Live({ feed }: { feed: Feed }) {
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

export function LiveRecords({ tenant, feed, empty }: { tenant: string; feed: Feed; empty: ComponentChildren }) {
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
  return rows.length === 0 ? empty : <RecordList tenant={tenant} feed={feed} rows={rows} />
}
