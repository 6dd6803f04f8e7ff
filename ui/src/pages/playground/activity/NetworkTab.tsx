// The run's outgoing requests, with those that were denied and why, and what would allow them: the closed network as a lesson, not as a wall.
import type { Subrequest } from '../../../api/types'
import { may } from '../../../app/rights'
import { hrefOf } from '../../../app/route'
import { Button, IconButton } from '../../../components/Button'
import { EmptyState } from '../../../components/EmptyState'
import { Icon } from '../../../components/Icon'
import { milliseconds } from '../../../text/format'
import { allowHost, hostOf } from '../state/egress'
import { usePlayground } from '../state/playground'

export function NetworkTab() {
  const { runner } = usePlayground()
  const { subrequests } = runner.view.value
  return (
    <div class="flex min-h-full flex-col">
      <AllowedHosts />
      {subrequests.length === 0 ? (
        <div class="flex-1">
          <EmptyState icon="blocked" title="Nothing went out">
            Code has no network until a rule opens it: a <code class="font-mono">fetch()</code> that is refused shows here, with the rule that refused it.
          </EmptyState>
        </div>
      ) : (
        <Requests subrequests={subrequests} />
      )}
    </div>
  )
}

/** The rules that go along with the next runs. */
function AllowedHosts() {
  const { draft } = usePlayground()
  const rules = draft.egress.value
  if (rules.length === 0) return null
  return (
    <div class="flex flex-wrap items-center gap-1.5 border-b border-line px-3 py-1.5 text-xs">
      <span class="text-muted">Runs from here may call</span>
      {rules.map((rule, at) => (
        <span key={rule.host} class="inline-flex items-center rounded bg-ok-soft pl-1.5 font-mono text-ok">
          {rule.host}
          <IconButton icon="close" label={`No longer allow ${rule.host}`} class="size-6!" onClick={() => (draft.egress.value = rules.filter((_, index) => index !== at))} />
        </span>
      ))}
    </div>
  )
}

function Requests({ subrequests }: { subrequests: Subrequest[] }) {
  const slowest = Math.max(...subrequests.map(({ ms }) => ms), 1)
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
          <Row key={at} request={request} slowest={slowest} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ request, slowest }: { request: Subrequest; slowest: number }) {
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
        {denied && <Denied request={request} />}
        {request.error !== null && <p class="tenant-text mt-0.5 text-bad">{request.error}</p>}
        {request.allowed_by !== null && <p class="mt-0.5 text-muted">Allowed by {request.allowed_by}.</p>}
      </td>
      <td class="px-3 py-1.5 whitespace-nowrap tabular-nums">
        {milliseconds(request.ms)}
        <span class="mt-1 block h-1 w-16 rounded-full bg-raised max-sm:hidden" aria-hidden="true">
          <span class="block h-1 rounded-full bg-phase-run" style={{ width: `${(request.ms / slowest) * 100}%` }} />
        </span>
      </td>
    </tr>
  )
}

function Allow({ host }: { host: string }) {
  const playground = usePlayground()
  const target = playground.draft.functionName.value
  if (playground.draft.egress.value.some((rule) => rule.host === host)) {
    return (
      <Button class="h-6! px-2! text-xs" icon="play" onClick={playground.run}>
        Allowed: run again
      </Button>
    )
  }
  return (
    <Button class="h-6! px-2! text-xs" icon="check" onClick={() => void allowHost(playground, host)}>
      Allow {host} for {target === null ? 'this code' : `${target} and this code`}
    </Button>
  )
}

function Denied({ request }: { request: Subrequest }) {
  const { draft } = usePlayground()
  const host = hostOf(request.url)
  const reason = request.denied_by ?? ''
  const target = draft.functionName.value
  return (
    <div class="mt-1 flex flex-wrap items-center gap-2">
      <span class="text-muted">
        Denied: <span class="tenant-text">{reason}</span>. Not a packet left the host, not even a DNS query.
      </span>
      {host !== null && /no egress rules|\bcall\b/.test(reason) && (may('egress:write') ? <Allow host={host} /> : <span>This key may open no host: that takes egress:write.</span>)}
      {reason.includes('tenant') && <span>The tenant's own rules decide: an egress rule of the tenant has to allow it.</span>}
      {target !== null && reason.includes('function') && (
        <a class="font-medium text-accent underline" href={hrefOf('functions', [target, 'egress'])}>
          Open the rules of {target}
        </a>
      )}
      {reason.includes('ceiling') && <span>The operator's ceiling decides: only an operator's key can open it.</span>}
    </div>
  )
}
