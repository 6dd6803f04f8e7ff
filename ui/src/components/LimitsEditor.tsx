// Limits that are set for a tenant or a function, next to those that count. The same fields wherever limits are set.
import type { Tagged } from '../api/client'
import type { LimitNumbers, LimitSettings } from '../api/types'
import { bytes, count } from '../text/format'
import { TextField } from './Field'
import { Form } from './Form'
import { useDraft } from './useDraft'

interface LimitField {
  key: keyof LimitNumbers
  label: string
  unit: string
  /** Wire units in one unit of the field. */
  scale: number
}

const MIB = 1024 * 1024

const FIELDS: LimitField[] = [
  { key: 'cpu_ms', label: 'CPU time per request', unit: 'ms', scale: 1 },
  { key: 'wall_ms', label: 'Time per request', unit: 'ms', scale: 1 },
  { key: 'streaming_wall_ms', label: 'Time of a stream', unit: 'ms', scale: 1 },
  { key: 'memory_bytes', label: 'Memory', unit: 'MiB', scale: MIB },
  { key: 'request_body_bytes', label: 'Request body', unit: 'MiB', scale: MIB },
  { key: 'response_body_bytes', label: 'Response body', unit: 'MiB', scale: MIB },
  { key: 'log_bytes', label: 'Console per request', unit: 'KiB', scale: 1024 },
  { key: 'subrequests', label: 'Outgoing requests', unit: '', scale: 1 },
  { key: 'wait_until_ms', label: 'After the response', unit: 'ms', scale: 1 },
  { key: 'startup_cpu_ms', label: 'CPU at start-up', unit: 'ms', scale: 1 },
  { key: 'build_cpu_ms', label: 'CPU of a build', unit: 'ms', scale: 1 },
  { key: 'concurrency', label: 'Requests at once', unit: '', scale: 1 },
  { key: 'rps', label: 'Requests per second', unit: '', scale: 1 },
  { key: 'cpu_ms_per_minute', label: 'CPU time per minute', unit: 'ms', scale: 1 },
  { key: 'egress_bytes_per_minute', label: 'Egress per minute', unit: 'MiB', scale: MIB },
  { key: 'log_bytes_per_minute', label: 'Console per minute', unit: 'KiB', scale: 1024 },
  { key: 'stored_bytes', label: 'Stored', unit: 'MiB', scale: MIB },
  { key: 'versions_kept', label: 'Versions kept', unit: '', scale: 1 },
]

/** Limits of a tenant as a whole; a function has none of its own. */
const OF_TENANT = /^(concurrency|rps|stored_bytes|.*_per_minute)$/

interface LimitsEditorProps {
  settings: Tagged<LimitSettings>
  disabled: boolean
  /** Throws `ApiError`. */
  onSave: (set: LimitNumbers) => Promise<void>
}

export function LimitsEditor({ settings: { value: settings, etag }, disabled, onSave }: LimitsEditorProps) {
  const set = useDraft<LimitNumbers>(settings.set, etag)
  const change = ({ key, scale }: LimitField, text: string): void => {
    const next = { ...set.value }
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < 0) delete next[key]
    else next[key] = Math.round(value * scale)
    set.value = next
  }
  const shown = ({ unit, scale, key }: LimitField): string => {
    const amount = settings.effective[key]
    if (amount === undefined || amount === null) return 'no bound'
    return unit.endsWith('iB') ? bytes(amount) : `${count(amount / scale)} ${unit}`.trim()
  }
  return (
    <div class="py-3">
      <Form submit="Save the limits" disabled={disabled || JSON.stringify(set.value) === JSON.stringify(settings.set)} onSubmit={() => onSave(set.value)}>
        <div class="grid gap-x-4 gap-y-2 sm:grid-cols-2 lg:grid-cols-4">
          {FIELDS.filter(({ key }) => 'rps' in settings.effective || !OF_TENANT.test(key)).map((field) => {
            const value = set.value[field.key]
            return (
              <TextField
                key={field.key}
                label={field.unit === '' ? field.label : `${field.label} (${field.unit})`}
                type="number"
                value={value === undefined || value === null ? '' : String(value / field.scale)}
                onText={(text) => change(field, text)}
                placeholder="not set"
                hint={`counts now: ${shown(field)}`}
              />
            )
          })}
        </div>
      </Form>
    </div>
  )
}
