// Numbers and moments as people read them: durations, sizes, times of day. Wording of outcomes is not here.

// Made once: a formatter costs more than all the dates of a page.
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** `0.2 ms`, `312 ms`, `1.24 s`; a dash when there is no figure. */
export function milliseconds(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–'
  if (ms >= 1000) return `${trimmed(ms / 1000, 2)} s`
  return `${ms >= 100 ? Math.round(ms) : trimmed(ms, ms >= 10 ? 1 : 2)} ms`
}

/** `812 B`, `4.2 MiB`; a dash when there is no figure. */
export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return '–'
  if (size < 1024) return `${size} B`
  const units = ['KiB', 'MiB', 'GiB']
  let value = size / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${trimmed(value, value >= 100 ? 0 : 1)} ${units[unit] ?? ''}`
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

export function plural(value: number, singular: string): string {
  return `${count(value)} ${singular}${value === 1 ? '' : 's'}`
}

/** `just now`, `5 min ago`, `3 h ago`, then the date. */
export function ago(at: string, now = Date.now()): string {
  const seconds = (now - Date.parse(at)) / 1000
  if (Number.isNaN(seconds)) return '–'
  if (seconds < 45) return 'just now'
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`
  return SHORT_DAY.format(new Date(at))
}

/** The full local date and time, for titles. */
export function moment(at: string): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? at : FULL.format(date)
}

/** `14:03:59.123`: the time of day, where the date is plain from the place. */
export function clock(at: string): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? at : `${CLOCK.format(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** `v_3f9c…` for a narrow column: a version's id is 28 characters, the first few tell versions apart. */
export function shortVersion(id: string): string {
  return id.length > 9 ? `${id.slice(0, 8)}…` : id
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
