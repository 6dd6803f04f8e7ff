// What was asked of this function and what its code wrote, as it comes. Searching in it is the Logs page's.
import { useMemo } from 'preact/hooks'
import type { LogFilter } from '../../api/logs'
import { go, hrefOf } from '../../app/route'
import { Button } from '../../components/Button'
import { EmptyState } from '../../components/EmptyState'
import { Live, LiveRecords, useFeed } from '../../components/logs/LiveRecords'

export function LogsTab({ tenant, name }: { tenant: string; name: string }) {
  const filter = useMemo((): LogFilter => ({ level: '', function: name, outcome: '', request_id: '', query: '', start: '' }), [name])
  const feed = useFeed(tenant, filter)
  return (
    <>
      <div class="flex flex-wrap items-center gap-3 pb-3">
        <Live feed={feed} />
        <Button icon="search" class="ml-auto" onClick={() => go(hrefOf('logs', [], { function: name }))}>
          Search in them
        </Button>
      </div>
      <LiveRecords
        tenant={tenant}
        feed={feed}
        empty={
          <EmptyState icon="lines" title="Nothing was asked of it yet" command={`isolet logs --tail --function ${name} --tenant ${tenant}`}>
            Each request leaves a record here, a moment after it ended.
          </EmptyState>
        }
      />
    </>
  )
}
