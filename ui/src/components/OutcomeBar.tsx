// How requests ended, as one bar with a legend: good, the caller's or the limits' doing, failures. Told by words as well as by colour.
import { count } from '../text/format'

type Kind = 'ok' | 'limit' | 'refused' | 'failed'

/** `short` for where a word has to do; `colour` is a custom property of the theme. */
const KINDS: Record<Kind, { words: string; short: string; colour: string }> = {
  ok: { words: 'ok', short: 'ok', colour: '--phase-run' },
  limit: { words: 'limit reached', short: 'limits', colour: '--phase-instantiate' },
  refused: { words: 'not admitted', short: 'refused', colour: '--phase-compile' },
  failed: { words: 'failed', short: 'failed', colour: '--bad-fill' },
}

/** In the order of the bar. */
export const OUTCOME_KINDS = (Object.keys(KINDS) as Kind[]).map((kind) => ({ kind, ...KINDS[kind] }))

export function kindOfOutcome(outcome: string): Kind {
  if (outcome === 'ok') return 'ok'
  if (outcome.endsWith('_limit')) return 'limit'
  return ['suspended', 'rate_limited', 'quota_exceeded', 'overloaded', 'not_found', 'client_disconnected'].includes(outcome) ? 'refused' : 'failed'
}

type Counts = Record<string, number>

interface Shares {
  kinds: Kind[]
  sums: Record<Kind, number>
  total: number
}

function sharesOf(counts: Counts): Shares {
  const sums: Record<Kind, number> = { ok: 0, limit: 0, refused: 0, failed: 0 }
  for (const [outcome, value] of Object.entries(counts)) sums[kindOfOutcome(outcome)] += value
  const total = Object.values(sums).reduce((sum, value) => sum + value, 0)
  return { kinds: OUTCOME_KINDS.map(({ kind }) => kind).filter((kind) => sums[kind] > 0), sums, total }
}

function Bar({ kinds, sums, total }: Shares) {
  return (
    <span class="flex h-2 gap-px overflow-hidden rounded-full bg-raised" aria-hidden="true">
      {kinds.map((kind) => (
        <span key={kind} style={{ background: `var(${KINDS[kind].colour})`, width: `${Math.max((sums[kind] / total) * 100, 0.5)}%` }} />
      ))}
    </span>
  )
}

/** The bar alone, for a row of a list: the worst that happened in words below it. */
export function OutcomeStrip({ counts }: { counts: Counts }) {
  const shares = sharesOf(counts)
  const { kinds, sums, total } = shares
  const worst = kinds.at(-1)
  if (worst === undefined) return <span class="text-2xs text-muted">no request</span>
  const percent = (kind: Kind): string => `${((sums[kind] / total) * 100).toFixed(1)} %`
  return (
    <span class="block" title={kinds.map((kind) => `${KINDS[kind].words} ${percent(kind)}`).join(', ')}>
      <Bar {...shares} />
      <span class={`mt-0.5 block truncate text-2xs tabular-nums ${worst === 'failed' ? 'text-bad' : 'text-muted'}`}>{KINDS[worst].short} {percent(worst)}</span>
    </span>
  )
}

export function OutcomeBar({ counts }: { counts: Counts }) {
  const shares = sharesOf(counts)
  const { kinds, sums, total } = shares
  return (
    <div>
      <Bar {...shares} />
      <ul class="mt-1.5 flex flex-wrap gap-x-4 text-xs text-muted">
        {kinds.map((kind) => (
          <li key={kind} class="flex items-center gap-1.5 tabular-nums">
            <span class="size-2 rounded-sm" style={{ background: `var(${KINDS[kind].colour})` }} aria-hidden="true" />
            {KINDS[kind].words} {count(sums[kind])} ({((sums[kind] / total) * 100).toFixed(1)} %)
          </li>
        ))}
      </ul>
    </div>
  )
}
