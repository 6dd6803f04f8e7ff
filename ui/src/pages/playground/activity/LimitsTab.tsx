// Limits for the next runs: lower one and see it trip. Empty means the tenant's own. What was used stands with the answer.
import { info } from '../../../app/info'
import type { Limits } from '../../../api/types'
import { Button } from '../../../components/Button'
import { bytes, count } from '../../../text/format'
import { usePlayground } from '../state/playground'

interface LimitField {
  key: keyof Limits
  label: string
  unit: string
  /** Wire units in one unit of the field. */
  scale: number
  meaning: string
}

const MIB = 1024 * 1024

const FIELDS: LimitField[] = [
  { key: 'cpu_ms', label: 'CPU time', unit: 'ms', scale: 1, meaning: 'spent computing; waiting is free' },
  { key: 'wall_ms', label: 'Wall time', unit: 'ms', scale: 1, meaning: 'until the last byte of the answer' },
  { key: 'memory_bytes', label: 'Memory', unit: 'MiB', scale: MIB, meaning: 'linear memory of the instance' },
  { key: 'response_body_bytes', label: 'Answer', unit: 'KiB', scale: 1024, meaning: 'bytes of the body' },
  { key: 'log_bytes', label: 'Console', unit: 'KiB', scale: 1024, meaning: 'kept of what is logged; never fails a run' },
  { key: 'subrequests', label: 'Outgoing requests', unit: '', scale: 1, meaning: 'calls of fetch()' },
]

export function LimitsTab() {
  const { draft } = usePlayground()
  const limits = draft.limits.value
  const set = (field: LimitField, text: string): void => {
    const next: Partial<Limits> = { ...draft.limits.value }
    const value = Number(text)
    if (text === '' || !Number.isFinite(value) || value <= 0) delete next[field.key]
    else next[field.key] = Math.round(value * field.scale)
    draft.limits.value = next
  }
  return (
    <div class="p-3">
      <div class="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        {FIELDS.map((field) => {
          const value = limits[field.key]
          const standard = info.value?.limits?.defaults[field.key]
          const maximum = info.value?.limits?.maxima[field.key]
          const tooMuch = value !== undefined && maximum !== undefined && value > maximum
          const shown = (amount: number): string => (field.unit.endsWith('iB') ? bytes(amount) : `${count(amount)} ${field.unit}`.trim())
          return (
            <div key={field.key}>
              <label for={`limit-${field.key}`} class="text-sm font-medium">
                {field.label} <span class="font-mono text-xs font-normal text-muted">{field.key}</span>
              </label>
              <div class="mt-1 flex items-center gap-2">
                <input
                  id={`limit-${field.key}`}
                  type="number"
                  inputMode="numeric"
                  min="1"
                  max={maximum === undefined ? undefined : maximum / field.scale}
                  aria-invalid={tooMuch}
                  aria-describedby={`limit-${field.key}-hint`}
                  class={`h-8 w-32 rounded-lg border bg-sunken px-3 tabular-nums ${tooMuch ? 'border-bad' : 'border-line-strong/60'}`}
                  placeholder={standard === undefined ? '' : String(standard / field.scale)}
                  value={value === undefined ? '' : value / field.scale}
                  onInput={(event) => set(field, event.currentTarget.value)}
                />
                <span class="text-sm text-muted">{field.unit}</span>
              </div>
              <p id={`limit-${field.key}-hint`} class={`mt-1 text-xs ${tooMuch ? 'text-bad' : 'text-muted'}`}>
                {tooMuch ? `At most ${shown(maximum)}.` : `${field.meaning}${standard === undefined ? '' : `; ${shown(standard)} unless set`}`}
              </p>
            </div>
          )
        })}
      </div>
      <Button class="mt-3" disabled={Object.keys(limits).length === 0} onClick={() => (draft.limits.value = {})}>
        Back to the defaults
      </Button>
    </div>
  )
}
