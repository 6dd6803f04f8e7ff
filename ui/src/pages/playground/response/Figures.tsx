// The run's figures at a glance: phases as one bar, then CPU, memory and time to first byte. All of them as a table: `TimingTable.tsx`.
import { limitsApplied } from '../../../app/info'
import { PHASES, type Phase } from '../../../api/types'
import { bytes, count, milliseconds } from '../../../text/format'
import { usePlayground } from '../state/playground'
import type { RunView } from '../state/runView'

export const PHASE_FILL: Record<Phase, string> = {
  front_end: 'bg-phase-front-end',
  build: 'bg-phase-build',
  compile: 'bg-phase-compile',
  instantiate: 'bg-phase-instantiate',
  run: 'bg-phase-run',
}

/** From the result when it is there, from the stream until then. */
export function phaseMs(view: RunView, phase: Phase): number | null {
  return view.result ? view.result.timing[`${phase}_ms`] : (view.phases[phase] ?? null)
}

export function Figures() {
  const { runner } = usePlayground()
  const view = runner.view.value
  const limits = limitsApplied(view.sent?.limits)
  const usage = view.result?.usage
  const waiting = view.state === 'running'
  const figures: [label: string, value: string, limit: string | null][] = [
    ['CPU', milliseconds(usage?.cpu_ms), limits.cpu_ms === undefined ? null : `${count(limits.cpu_ms)} ms`],
    ['Peak memory', bytes(usage?.memory_peak_bytes), limits.memory_bytes === undefined ? null : bytes(limits.memory_bytes)],
    ['First byte', milliseconds(view.result?.timing.ttfb_ms), null],
    ['Total', milliseconds(view.result?.timing.total_ms), null],
  ]
  return (
    <div class="shrink-0 border-b border-line px-3 pb-3">
      <PhaseBar view={view} />
      <dl class="mt-2.5 grid grid-cols-4 gap-2">
        {figures.map(([label, value, limit]) => (
          <div key={label} class="min-w-0">
            <dt class="truncate text-2xs text-muted">{label}</dt>
            <dd class="flex h-5 items-center text-sm font-semibold tabular-nums" data-testid={`figure-${label}`}>
              {waiting && !usage ? (
                <span class="shimmer h-3 w-12" aria-label="not known yet" role="img" />
              ) : (
                <span class="truncate">
                  {value}
                  {limit && value !== '–' && <span class="text-2xs font-normal text-muted max-lg:hidden"> of {limit}</span>}
                </span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

function PhaseBar({ view }: { view: RunView }) {
  const phases = PHASES.map((phase) => ({ phase, ms: phaseMs(view, phase) ?? 0 }))
  const sum = phases.reduce((total, { ms }) => total + ms, 0)
  return (
    <>
      <div class="flex h-1.5 gap-px overflow-hidden rounded-full bg-raised" aria-hidden="true">
        {sum > 0 &&
          phases.map(({ phase, ms }) => ms > 0 && <span key={phase} class={PHASE_FILL[phase]} style={{ width: `${Math.max((ms / sum) * 100, 1)}%` }} />)}
      </div>
      <ul class="mt-1.5 flex flex-wrap gap-x-3 text-2xs text-muted">
        {/* Most code has nothing for the front end to do: the line is short without it. */}
        {PHASES.filter((phase) => phase !== 'front_end' || (phaseMs(view, phase) ?? 0) > 0).map((phase) => (
          <li key={phase} class="flex items-center gap-1 tabular-nums">
            <span class={`size-2 rounded-sm ${PHASE_FILL[phase]}`} aria-hidden="true" />
            {phase.replace('_', ' ')} {milliseconds(phaseMs(view, phase))}
          </li>
        ))}
      </ul>
    </>
  )
}
