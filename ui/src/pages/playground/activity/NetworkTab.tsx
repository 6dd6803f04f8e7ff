// The run's outgoing requests, with those that were denied and why: the closed network as a lesson, not as a wall.
import type { Subrequest } from '../../../api/types'
import { EmptyState } from '../../../components/EmptyState'
import { Icon } from '../../../components/Icon'
import { milliseconds } from '../../../text/format'
import { usePlayground } from '../state/playground'

export function NetworkTab() {
  const { runner } = usePlayground()
  const { subrequests } = runner.view.value
  if (subrequests.length === 0) {
    return (
      <EmptyState icon="blocked" title="Nothing went out">
        Code has no network: a <code class="font-mono">fetch()</code> is refused inside the sandbox, before there is a request to show.
      </EmptyState>
    )
  }
  return (
    <table class="w-full text-left text-xs">
      <caption class="sr-only">Outgoing requests of this run</caption>
      <thead class="text-muted">
        <tr class="border-b border-line">
          {['Result', 'Method', 'Address', 'Time'].map((name) => (
            <th key={name} scope="col" class="px-3 py-1.5 font-medium">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody data-testid="network">
        {subrequests.map((request, at) => (
          // The same address may be asked twice; only the place identifies a row.
          // oxlint-disable-next-line react/no-array-index-key
          <Row key={at} request={request} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ request }: { request: Subrequest }) {
  const denied = request.denied_by !== null
  return (
    <tr class={`border-b border-line/70 align-top ${denied ? 'bg-bad-soft' : ''}`}>
      <td class={`px-3 py-1.5 font-medium whitespace-nowrap ${denied ? 'text-bad' : ''}`}>
        {denied ? (
          <span class="inline-flex items-center gap-1">
            <Icon name="blocked" size={13} /> denied
          </span>
        ) : (
          (request.status ?? 'no answer')
        )}
      </td>
      <td class="px-3 py-1.5 font-mono">{request.method}</td>
      <td class="w-full px-3 py-1.5">
        <span class="tenant-text font-mono">{request.url}</span>
        {denied && (
          <p class="mt-0.5 text-muted">
            Denied by <span class="tenant-text">{request.denied_by}</span>. Not a packet left the host, not even a DNS query; an egress rule for this host would allow it.
          </p>
        )}
      </td>
      <td class="px-3 py-1.5 whitespace-nowrap tabular-nums">{milliseconds(request.ms)}</td>
    </tr>
  )
}
