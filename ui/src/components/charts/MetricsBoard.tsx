// The charts of a tenant or of one of its functions: requests and how they ended, durations, CPU, memory, cold starts, outgoing requests.
import { useEffect } from 'preact/hooks'
import { getMetrics } from '../../api/metrics'
import type { Metrics } from '../../api/types'
import { go, hrefOf } from '../../app/route'
import { bytes, count, milliseconds } from '../../text/format'
import { Button } from '../Button'
import { EmptyState } from '../EmptyState'
import { Loaded, useLoad } from '../Loaded'
import { NotOffered } from '../NotOffered'
import { kindOfOutcome, OUTCOME_KINDS, OutcomeBar } from '../OutcomeBar'
import { Stat, Stats } from '../Stats'
import { Chart, type ChartSeries } from './Chart'

const REFRESH_MS = 10_000

interface MetricsBoardProps {
  tenant: string
  /** Empty for all of the tenant's. */
  functionName: string
  hours: number
}

export function MetricsBoard({ tenant, functionName, hours }: MetricsBoardProps) {
  const loaded = useLoad(
    async (signal) => {
      const start = new Date(Date.now() - hours * 3_600_000).toISOString()
      // Ten-second windows of an hour would be bars as thin as hairs.
      const asked = { start, function: functionName, ...(hours <= 1 ? { step: '1m' } : {}) }
      const [all, outcomes] = await Promise.all([
        getMetrics(tenant, asked, signal),
        getMetrics(tenant, { ...asked, group_by: 'outcome', names: 'requests' }, signal),
      ])
      return { all, outcomes }
    },
    [tenant, functionName, hours],
  )
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void loaded.reload()
    }, REFRESH_MS)
    return () => clearInterval(timer)
  }, [loaded.reload])
  if (loaded.error?.status === 404) return <NotOffered what="figures over time" />
  return (
    <Loaded load={loaded} what="The figures">
      {({ all, outcomes }) => {
        const requests = sum(valuesOf(all, 'requests'))
        if (requests === 0) {
          return (
            <EmptyState icon="chart" title="No request in this time" action={<Button look="primary" onClick={() => go(hrefOf('playground'))}>Send a test request</Button>}>
              Requests, durations, CPU and memory show here, ten seconds after they happened.
            </EmptyState>
          )
        }
        return (
          <>
            <Totals metrics={all} requests={requests} />
            <div class="mb-4 rounded-xl border border-line bg-surface px-4 py-3">
              <OutcomeBar counts={Object.fromEntries(outcomes.series.map(({ labels, values }) => [labels['outcome'] ?? 'internal', sum(values)]))} />
            </div>
            <Charts metrics={all} outcomes={outcomes} />
          </>
        )
      }}
    </Loaded>
  )
}

function Totals({ metrics, requests }: { metrics: Metrics; requests: number }) {
  const errors = sum(valuesOf(metrics, 'errors'))
  const worst = Math.max(0, ...valuesOf(metrics, 'duration_p95_ms').map((value) => value ?? 0))
  return (
    <Stats>
      <Stat label="Requests" value={count(requests)} detail={`${count(sum(valuesOf(metrics, 'cold_starts')))} of them cold`} />
      <Stat label="Failed" value={`${((errors / requests) * 100).toFixed(2)} %`} detail={`${count(errors)} requests`} tone={errors > 0 ? 'bad' : 'ok'} />
      <Stat label="Slowest p95" value={milliseconds(worst)} detail="of any window" />
      <Stat label="CPU" value={milliseconds(sum(valuesOf(metrics, 'cpu_ms')))} detail={`${milliseconds(sum(valuesOf(metrics, 'cpu_ms')) / requests)} a request`} />
    </Stats>
  )
}

function Charts({ metrics, outcomes }: { metrics: Metrics; outcomes: Metrics }) {
  const line = (label: string, name: string, colour: string): ChartSeries => ({ label, values: valuesOf(metrics, name), colour })
  const { times } = metrics
  return (
    <div class="grid gap-4 lg:grid-cols-2">
      <Chart title="Requests" times={times} format={count} series={[line('all', 'requests', '--phase-compile'), line('failed', 'errors', '--bad-fill')]} bars />
      <Chart title="Outcomes" times={outcomes.times} format={count} series={outcomeSeries(outcomes)} bars stacked />
      <Chart
        title="Duration"
        times={times}
        format={milliseconds}
        series={[line('p50', 'duration_p50_ms', '--phase-run'), line('p95', 'duration_p95_ms', '--phase-instantiate'), line('p99', 'duration_p99_ms', '--bad-fill')]}
      />
      <Chart title="CPU time" times={times} format={milliseconds} series={[line('CPU', 'cpu_ms', '--phase-build')]} bars />
      <Chart title="Peak memory" times={times} format={bytes} binary series={[line('peak', 'memory_peak_bytes', '--phase-compile')]} />
      <Chart title="Cold starts and outgoing requests" times={times} format={count} series={[line('cold', 'cold_starts', '--phase-instantiate'), line('outgoing', 'subrequests', '--phase-run')]} />
      <Chart
        title="Bytes"
        times={times}
        format={bytes}
        binary
        series={[line('in', 'request_bytes', '--phase-run'), line('out', 'response_bytes', '--phase-compile'), line('egress', 'egress_bytes', '--phase-build')]}
      />
    </div>
  )
}

function outcomeSeries({ times, series }: Metrics): ChartSeries[] {
  return OUTCOME_KINDS.map(({ kind, words, colour }) => {
    const ofKind = series.filter(({ labels }) => kindOfOutcome(labels['outcome'] ?? 'internal') === kind)
    return { label: words, colour, values: times.map((_, at) => sum(ofKind.map(({ values }) => values[at] ?? 0))) }
  })
}

function valuesOf(metrics: Metrics, name: string): (number | null)[] {
  return metrics.series.find((series) => series.name === name)?.values ?? metrics.times.map(() => null)
}

function sum(values: (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0)
}
