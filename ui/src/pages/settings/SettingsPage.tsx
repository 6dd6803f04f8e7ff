// How the host is: ready or not, versions, store, caches, what it counted since its start, the limits it knows, and this session.
import { useEffect } from 'preact/hooks'
import { getCounters, getHealth, sumOf, type Counter } from '../../api/host'
import { getCaller, getInfo } from '../../api/resources'
import type { Info } from '../../api/types'
import { Badge } from '../../components/Badge'
import { Button } from '../../components/Button'
import { Command } from '../../components/EmptyState'
import { Loaded, Skeleton, useLoad } from '../../components/Loaded'
import { Notice } from '../../components/Notice'
import { PageFrame, Section } from '../../components/PageFrame'
import { Stat, Stats } from '../../components/Stats'
import { Cell, HeadCell, Table } from '../../components/Table'
import { session } from '../../auth/session'
import { bytes, count, moment } from '../../text/format'
import { Outcomes } from './Outcomes'

const REFRESH_MS = 5000

export default function SettingsPage() {
  const health = useLoad((signal) => getHealth(signal), [])
  const counters = useLoad(() => getCounters(), [])
  const info = useLoad(() => getInfo(), [])
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.hidden) return
      void health.reload()
      void counters.reload()
    }, REFRESH_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <PageFrame
      title="Health"
      about="This host, as it says of itself. Figures are counted since it started, all tenants together."
      actions={
        <Button icon="refresh" onClick={() => void Promise.all([health.reload(), counters.reload(), info.reload()])}>
          Refresh
        </Button>
      }
    >
      {health.value && !health.value.ready && (
        <div class="pb-4">
          <Notice tone="bad" title="The host takes no requests">
            {health.value.detail ?? 'It did not say why.'} Its log says more; so does <code class="font-mono">isolet doctor</code>.
          </Notice>
        </div>
      )}
      <Loaded load={info} what="What the host says of itself">
        {(value) =>
          // Together, so that nothing moves when the other comes.
          counters.value === null && counters.error === null ? <Skeleton what="What the host says of itself" /> : (
          <>
            <Stats>
              <Stat label="State" value={health.value === null ? '…' : health.value.ready ? 'ready' : 'not ready'} tone={health.value?.ready === false ? 'bad' : 'ok'} />
              <Stat label="Version" value={value.version} detail={`wasmtime ${value.engine.wasmtime}`} />
              <Stat label="Store" value={value.store} detail={`${value.mode} mode`} />
              <Stat label="Ingress" value={`:${value.ingress.port}`} detail={`*.${value.ingress.base_domain}`} />
            </Stats>
            <Counted counters={counters.value} />
            <Limits info={value} />
            <Walls counters={counters.value} />
            <Doctor />
            <ThisSession engine={value.engine.digest} />
          </>
        )}
      </Loaded>
    </PageFrame>
  )
}

function Counted({ counters }: { counters: Counter[] | null }) {
  if (counters === null) return null
  const ready = sumOf(counters, 'isolet_code_lookups_total', { result: 'ready' })
  const lookups = sumOf(counters, 'isolet_code_lookups_total')
  const waited = sumOf(counters, 'isolet_queue_wait_seconds_count')
  const storeFailures = sumOf(counters, 'isolet_store_failures_total')
  const failed = sumOf(counters, 'isolet_api_answers_total', { class: '5xx' })
  return (
    <>
      <Stats>
        <Stat label="In flight" value={count(sumOf(counters, 'isolet_in_flight'))} detail="requests running now" />
        <Stat label="Code kept ready" value={count(sumOf(counters, 'isolet_cached_components'))} detail="compiled, in memory" />
        <Stat label="Found ready" value={lookups === 0 ? '–' : `${((ready / lookups) * 100).toFixed(1)} %`} detail={`of ${count(lookups)} look-ups`} />
        <Stat label="API answers" value={count(sumOf(counters, 'isolet_api_answers_total'))} detail={`${count(failed)} of them 5xx`} tone={failed > 0 ? 'warn' : 'plain'} />
      </Stats>
      <Stats>
        <Stat label="Waited for a place" value={count(waited)} detail={waited === 0 ? 'nobody had to' : `${((sumOf(counters, 'isolet_queue_wait_seconds_sum') / waited) * 1000).toFixed(1)} ms each`} />
        <Stat label="Store failures" value={count(storeFailures)} detail="requests it was not there for" tone={storeFailures > 0 ? 'bad' : 'plain'} />
        <Stat label="Built" value={count(sumOf(counters, 'isolet_builds_total'))} detail="versions and one-off code" />
        <Stat label="Records of logs" value={count(sumOf(counters, 'isolet_log_records_total'))} detail={`${count(sumOf(counters, 'isolet_log_batches_refused_total'))} batches refused by the store`} />
      </Stats>
      <Outcomes counters={counters} />
    </>
  )
}

const WALLS: [wall: string, label: string, holds: string][] = [
  ['files', 'Files', 'Nothing but the data folder can be opened (Landlock).'],
  ['system_calls', 'System calls', 'No programs, other processes or new listeners (seccomp).'],
]

/** As far as a host that runs knows it. */
function Walls({ counters }: { counters: Counter[] | null }) {
  if (counters === null) return null
  return (
    <Section title="Walls around the process" about="What code that got out of its sandbox would still run into.">
      <Table caption="Walls" head={['Wall', 'State', 'What it holds']}>
        {WALLS.map(([wall, label, holds]) => {
          const up = sumOf(counters, 'isolet_wall_up', { wall }) === 1
          return (
            <tr key={wall}>
              <HeadCell>{label}</HeadCell>
              <Cell>
                <Badge tone={up ? 'ok' : 'warn'}>{up ? 'up' : 'not up'}</Badge>
              </Cell>
              <Cell class="w-full text-muted">{holds}</Cell>
            </tr>
          )
        })}
      </Table>
    </Section>
  )
}

function Doctor() {
  return (
    <Section title="Doctor" about="Run on the host's machine, it tries the walls out and checks store, ports, certificates and engine.">
      <div class="py-3">
        <Command text="isolet doctor" />
      </div>
    </Section>
  )
}

const LIMIT_ROWS: [key: keyof Info['limits']['defaults'], label: string][] = [
  ['cpu_ms', 'CPU time per request'],
  ['wall_ms', 'Time per request'],
  ['streaming_wall_ms', 'Time of a stream'],
  ['memory_bytes', 'Memory'],
  ['request_body_bytes', 'Request body'],
  ['response_body_bytes', 'Response body'],
  ['log_bytes', 'Console per request'],
  ['subrequests', 'Outgoing requests'],
  ['wait_until_ms', 'After the response'],
  ['startup_cpu_ms', 'CPU at start-up'],
  ['build_cpu_ms', 'CPU of a build'],
]

function Limits({ info }: { info: Info }) {
  return (
    <Section title="Limits" about="Defaults where nothing is set, and what nobody can go beyond. Plans and more: isolet.toml.">
      <Table caption="Limits of the host" head={['Limit', 'Name', 'Default>', 'Maximum>']}>
        {LIMIT_ROWS.map(([key, label]) => (
          <tr key={key}>
            <HeadCell>{label}</HeadCell>
            <Cell class="font-mono text-xs text-muted">{key}</Cell>
            <Cell right>{limitText(key, info.limits.defaults[key])}</Cell>
            <Cell right>{limitText(key, info.limits.maxima[key])}</Cell>
          </tr>
        ))}
      </Table>
    </Section>
  )
}

function limitText(key: string, value: number): string {
  if (key.endsWith('_bytes')) return bytes(value)
  return key.endsWith('_ms') ? `${count(value)} ms` : count(value)
}

function ThisSession({ engine }: { engine: string }) {
  const caller = useLoad(() => getCaller(), [])
  return (
    <Section title="This session" about="What the key that signed in may do. Kept in this tab only, never in a cookie.">
      <Loaded load={caller} what="The session">
        {(value) => (
          <dl class="grid grid-cols-[8rem_1fr] gap-x-4 gap-y-2 py-3 text-sm">
            <dt class="text-muted">Kind</dt>
            <dd>
              <Badge>{value.preset}</Badge>
            </dd>
            <dt class="text-muted">Tenant</dt>
            <dd>{value.tenant ?? 'all'}</dd>
            <dt class="text-muted">Ends</dt>
            <dd>{session.value && moment(session.value.expires_at)}</dd>
            <dt class="text-muted">Scopes</dt>
            <dd class="font-mono text-xs">{value.scopes.join('  ')}</dd>
            <dt class="text-muted">Engine</dt>
            <dd class="font-mono text-xs break-all">{engine}</dd>
          </dl>
        )}
      </Loaded>
    </Section>
  )
}
