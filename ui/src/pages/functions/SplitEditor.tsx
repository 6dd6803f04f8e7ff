// How traffic is shared among versions: a slider and a number for each, one bar for all. Weights are hundredths of a percent.
import { IconButton } from '../../components/Button'
import { FIELD_LOOK } from '../../components/Field'
import type { Version } from '../../api/types'

/** 100 %, in the API's unit. */
export const WHOLE = 10_000

export type Weights = Record<string, number>

const FILLS = ['bg-phase-run', 'bg-phase-compile', 'bg-phase-build', 'bg-phase-instantiate']

interface SplitEditorProps {
  label: string
  weights: Weights
  versions: Version[]
  disabled: boolean
  onChange: (weights: Weights) => void
}

export function SplitEditor({ label, weights, versions, disabled, onChange }: SplitEditorProps) {
  const rows = Object.entries(weights)
  const rest = versions.filter(({ id }) => !(id in weights))
  const nameOf = (id: string): string => {
    const version = versions.find((entry) => entry.id === id)
    return version ? `#${version.number}` : id
  }
  /** What one gains or loses, the largest of the others gives or takes: the sum stays whole while the slider moves. */
  const move = (id: string, weight: number): void => {
    const next: Weights = { ...weights, [id]: weight }
    const others = Object.keys(next).filter((other) => other !== id).toSorted((a, b) => (next[b] ?? 0) - (next[a] ?? 0))
    let missing = WHOLE - Object.values(next).reduce((sum, each) => sum + each, 0)
    for (const other of others) {
      const before = next[other] ?? 0
      const after = Math.min(Math.max(before + missing, 0), WHOLE)
      next[other] = after
      missing -= after - before
    }
    onChange(next)
  }
  return (
    <div role="group" aria-label={label}>
      <div class="flex h-2 gap-px overflow-hidden rounded-full bg-raised" aria-hidden="true">
        {rows.map(([id, weight], at) => weight > 0 && <span key={id} class={FILLS[at % FILLS.length]} style={{ width: `${(weight / WHOLE) * 100}%` }} />)}
      </div>
      <ul class="mt-3 flex flex-col gap-2">
        {rows.map(([id, weight], at) => (
          <li key={id} class="flex items-center gap-3 text-sm">
            <span class={`size-2.5 shrink-0 rounded-sm ${FILLS[at % FILLS.length]}`} aria-hidden="true" />
            <span class="w-14 shrink-0 font-medium" title={id}>
              {nameOf(id)}
            </span>
            <input
              type="range"
              min="0"
              max={WHOLE}
              step="100"
              disabled={disabled}
              aria-label={`Share of ${nameOf(id)}`}
              aria-valuetext={`${weight / 100} %`}
              class="h-6 min-w-0 flex-1 accent-accent-fill"
              value={weight}
              onInput={(event) => move(id, Number(event.currentTarget.value))}
            />
            <span class="flex w-28 shrink-0 items-center gap-1.5">
              <input
                type="number"
                min="0"
                max="100"
                step="0.01"
                disabled={disabled}
                aria-label={`Share of ${nameOf(id)} in percent`}
                class={`${FIELD_LOOK} border-line-strong/60 text-right tabular-nums`}
                value={weight / 100}
                onChange={(event) => move(id, Math.round(Math.min(Math.max(Number(event.currentTarget.value), 0), 100) * 100))}
              />
              %
            </span>
            <IconButton
              icon="close"
              label={`Leave ${nameOf(id)} out`}
              disabled={disabled || rows.length === 1 || weight > 0}
              title={weight > 0 ? 'Takes traffic still: move its slider to 0 first' : `Leave ${nameOf(id)} out`}
              onClick={() => onChange(Object.fromEntries(rows.filter(([other]) => other !== id)))}
            />
          </li>
        ))}
      </ul>
      {!disabled && rest.length > 0 && (
        <label class="mt-3 flex max-w-xs items-center gap-2 text-sm">
          <span class="shrink-0 text-muted">Add a version</span>
          <select class={`${FIELD_LOOK} border-line-strong/60`} value="" onChange={(event) => event.currentTarget.value !== '' && onChange({ ...weights, [event.currentTarget.value]: 0 })}>
            <option value="">…</option>
            {rest.map(({ id, number, message }) => (
              <option key={id} value={id}>
                {`#${number} ${message}`.slice(0, 60)}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  )
}
