// How requests ended, as one bar with a legend: good, the caller's or the limits' doing, failures. Told by words as well as by colour.
import { count } from '../text/format'

type Kind = 'ok' | 'limit' | 'refused' | 'failed'

const KINDS: Record<Kind, { words: string; fill: string }> = {
  ok: { words: 'ok', fill: 'bg-phase-run' },
  limit: { words: 'limit reached', fill: 'bg-phase-instantiate' },
  refused: { words: 'not admitted', fill: 'bg-phase-compile' },
  failed: { words: 'failed', fill: 'bg-bad-fill' },
}

export function kindOfOutcome(outcome: string): Kind {
  if (outcome === 'ok') return 'ok'
  if (outcome.endsWith('_limit')) return 'limit'
  return ['suspended', 'rate_limited', 'overloaded', 'not_found', 'client_disconnected'].includes(outcome) ? 'refused' : 'failed'
}

export function OutcomeBar({ counts }: { counts: Record<string, number> }) {
  const sums: Record<Kind, number> = { ok: 0, limit: 0, refused: 0, failed: 0 }
  for (const [outcome, value] of Object.entries(counts)) sums[kindOfOutcome(outcome)] += value
  const total = Object.values(sums).reduce((sum, value) => sum + value, 0)
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => sums[kind] > 0)
  return (
    <div>
      <div class="flex h-2 gap-px overflow-hidden rounded-full bg-raised" aria-hidden="true">
        {kinds.map((kind) => (
          <span key={kind} class={KINDS[kind].fill} style={{ width: `${Math.max((sums[kind] / total) * 100, 0.5)}%` }} />
        ))}
      </div>
      <ul class="mt-1.5 flex flex-wrap gap-x-4 text-xs text-muted">
        {kinds.map((kind) => (
          <li key={kind} class="flex items-center gap-1.5 tabular-nums">
            <span class={`size-2 rounded-sm ${KINDS[kind].fill}`} aria-hidden="true" />
            {KINDS[kind].words} {count(sums[kind])} ({((sums[kind] / total) * 100).toFixed(1)} %)
          </li>
        ))}
      </ul>
    </div>
  )
}
