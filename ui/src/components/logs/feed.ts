// The records that a page shows: a page of the past, then what comes, newest first. Pausing keeps what arrives aside; a stream that is cut
// off is taken up again after its last record.
import { batch, computed, signal } from '@preact/signals'
import { listLogs, tailLogs, type LogFilter } from '../../api/logs'
import { asApiError, type ApiError } from '../../api/problem'
import type { LogRecord } from '../../api/types'

/** A record, or the place where some are missing. */
export type Row = { kind: 'record'; key: string; record: LogRecord } | { kind: 'dropped'; key: string; count: number }

/** More rows than anybody reads; older ones are found by searching. */
const KEPT = 1000
/** Records that come at once are drawn at once. */
const GATHER_MS = 150
const BACK_OFF_MS = [1000, 2000, 4000, 8000, 15_000]

export type Feed = ReturnType<typeof createFeed>

export function createFeed(tenant: string, filter: LogFilter) {
  /** `null` until the first page is there. */
  const rows = signal<Row[] | null>(null)
  const error = signal<ApiError | null>(null)
  const cursor = signal<string | null>(null)
  const state = signal<'connecting' | 'live' | 'paused' | 'off'>('connecting')
  const waiting = signal<Row[]>([])
  const count = computed(() => waiting.value.length)
  const leaving = new AbortController()
  let gathered: Row[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let drops = 0

  const publish = (): void => {
    timer = undefined
    const fresh = gathered.toReversed()
    gathered = []
    if (state.peek() === 'paused') waiting.value = [...fresh, ...waiting.value].slice(0, KEPT)
    else rows.value = [...fresh, ...(rows.value ?? [])].slice(0, KEPT)
  }
  const gather = (row: Row): void => {
    gathered.push(row)
    timer ??= setTimeout(publish, GATHER_MS)
  }

  const readPast = async (): Promise<void> => {
    try {
      let page = await listLogs(tenant, filter, cursor.peek() ?? '', leaving.signal)
      const found = [...page.data]
      // A page may end early: the search is bounded, not the records.
      while (found.length === 0 && page.next_cursor !== null) {
        page = await listLogs(tenant, filter, page.next_cursor, leaving.signal)
        found.push(...page.data)
      }
      batch(() => {
        rows.value = [...(rows.value ?? []), ...found.map((record): Row => ({ kind: 'record', key: record.id, record }))]
        cursor.value = page.next_cursor
        error.value = null
      })
    } catch (thrown) {
      if (!leaving.signal.aborted) error.value = asApiError(thrown)
    }
  }

  const follow = async (): Promise<void> => {
    let last = rows.peek()?.find((row) => row.kind === 'record')?.key ?? ''
    for (let failures = 0; !leaving.signal.aborted; ) {
      try {
        const tail = tailLogs(tenant, filter, last, leaving.signal)
        if (state.peek() !== 'paused') state.value = 'live'
        for await (const event of tail) {
          failures = 0
          if (event.kind === 'dropped') {
            drops += 1
            gather({ kind: 'dropped', key: `dropped-${drops}`, count: event.count })
          } else {
            last = event.id || event.record.id
            gather({ kind: 'record', key: event.record.id, record: event.record })
          }
        }
      } catch (thrown) {
        const fault = asApiError(thrown)
        // Refused for good: no right, no such thing. All else may pass.
        if (fault.status === 403 || fault.status === 404 || fault.status === 401) {
          state.value = 'off'
          return
        }
      }
      if (leaving.signal.aborted) return
      if (state.peek() !== 'paused') state.value = 'connecting'
      await pause(BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)] ?? 1000, leaving.signal)
      failures += 1
    }
  }

  /** The past first: what follows is told apart from it by its last record. */
  const start = async (): Promise<void> => {
    await readPast()
    if (error.peek() === null) await follow()
  }

  const setPaused = (paused: boolean): void =>
    batch(() => {
      state.value = paused ? 'paused' : 'live'
      if (paused) return
      rows.value = [...waiting.value, ...(rows.value ?? [])].slice(0, KEPT)
      waiting.value = []
    })

  const stop = (): void => {
    clearTimeout(timer)
    leaving.abort()
  }

  return { rows, error, cursor, state, count, start, stop, setPaused, older: readPast }
}

function pause(ms: number, leaving: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    leaving.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}
