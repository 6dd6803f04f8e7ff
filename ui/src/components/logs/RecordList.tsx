// The records as rows that open: first what became of the request, then its console lines. All of it is tenants' text, shown as text.
import type { LogRecord } from '../../api/types'
import { go, hrefOf } from '../../app/route'
import { Badge } from '../Badge'
import { Button } from '../Button'
import { CopyButton } from '../CopyButton'
import { Icon } from '../Icon'
import { LEVEL_TONE } from '../levels'
import { TONE_ICON, TONE_TEXT, type Tone } from '../Notice'
import { kindOfOutcome } from '../OutcomeBar'
import { bytes, clock, milliseconds, moment, plural } from '../../text/format'
import { visibleEscapes } from '../../text/inert'
import type { Feed, Row } from './feed'

export function RecordList({ tenant, feed, rows }: { tenant: string; feed: Feed; rows: Row[] }) {
  return (
    // Focusable, so that the keyboard can scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="relative mb-4 min-h-0 flex-1 overflow-auto rounded-xl border border-line bg-surface" tabIndex={0} role="group" aria-label="Records" data-testid="records">
      <ul class="divide-y divide-line/70">
        {rows.map((row) =>
          row.kind === 'dropped' ? (
            <li key={row.key} class="bg-warn-soft px-4 py-1.5 text-xs text-warn">
              {plural(row.count, 'record')} not shown here: more came in a second than the host keeps for a tenant, or than could be read.
            </li>
          ) : (
            <li key={row.key} class="[content-visibility:auto] [contain-intrinsic-size:auto_34px]">
              <RecordRow tenant={tenant} record={row.record} />
            </li>
          ),
        )}
      </ul>
      {feed.cursor.value !== null && (
        <div class="border-t border-line p-2 text-center">
          <Button onClick={() => void feed.older()}>Older records</Button>
        </div>
      )}
    </div>
  )
}

const OUTCOME_TONE: Record<ReturnType<typeof kindOfOutcome>, Tone> = { ok: 'ok', limit: 'warn', refused: 'note', failed: 'bad' }

function RecordRow({ tenant, record }: { tenant: string; record: LogRecord }) {
  const tone = OUTCOME_TONE[kindOfOutcome(record.outcome)]
  const worst = record.error?.message ?? record.lines.at(-1)?.message ?? ''
  return (
    <details>
      <summary class="flex items-center gap-3 px-4 py-1.5 text-xs -outline-offset-2 hover:bg-raised/50">
        <span class={TONE_TEXT[tone]}>
          <Icon name={TONE_ICON[tone]} size={13} />
        </span>
        <time class="w-24 shrink-0 font-mono text-muted tabular-nums" dateTime={record.time} title={moment(record.time)}>
          {clock(record.time)}
        </time>
        <span class={`w-28 shrink-0 truncate font-medium ${record.outcome === 'ok' ? '' : TONE_TEXT[tone]}`}>
          {record.outcome === 'ok' ? (record.status ?? 'ok') : record.outcome.replaceAll('_', ' ')}
        </span>
        <span class="w-28 shrink-0 truncate text-muted max-md:hidden">{record.function ?? 'one-off code'}</span>
        <span class="min-w-0 flex-1 truncate font-mono">
          <span class="text-muted">{record.method}</span> {record.path}
          {worst !== '' && <span class="text-muted"> · {visibleEscapes(worst.slice(0, 200))}</span>}
        </span>
        {record.lines.length > 0 && <Badge>{record.lines.length}</Badge>}
        <span class="w-16 shrink-0 text-right text-muted tabular-nums max-sm:hidden">{milliseconds(record.duration_ms)}</span>
      </summary>
      <Detail tenant={tenant} record={record} />
    </details>
  )
}

function Detail({ tenant, record }: { tenant: string; record: LogRecord }) {
  const facts: [name: string, value: string | null][] = [
    ['request', record.request_id],
    ...(record.trace_id === null ? [] : [['trace', record.trace_id] as [string, string]]),
    ['run', record.run_id],
    ['version', record.version === null ? null : `${record.version_number === null ? '' : `#${record.version_number} `}${record.version}`],
    ['alias', record.alias],
    ['came by', record.source],
    ['CPU', milliseconds(record.cpu_ms)],
    ['peak memory', bytes(record.memory_peak_bytes)],
    ['instance', record.cold ? 'code made ready for it' : 'code was ready'],
  ]
  const id = record.request_id
  return (
    <div class="flex flex-col gap-2 border-t border-line/70 bg-canvas px-4 py-3 text-xs">
      {record.error && (
        <p class="tenant-text font-mono text-bad">
          {visibleEscapes(record.error.message)}
          {record.error.file !== null && ` (${record.error.file}:${record.error.line ?? 1}:${record.error.column ?? 1})`}
        </p>
      )}
      {record.lines.length > 0 && <Lines record={record} />}
      <dl class="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-0.5 text-muted sm:grid-cols-[max-content_1fr_max-content_1fr]">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name} class="col-span-2 grid grid-cols-subgrid">
              <dt>{name}</dt>
              <dd class="font-mono break-all text-text">{value}</dd>
            </div>
          ),
        )}
      </dl>
      {id !== null && (
        <div class="flex gap-2">
          <Button class="h-7! px-2! text-xs" onClick={() => go(hrefOf('logs', [], { tenant, request_id: id }))}>
            Only this request
          </Button>
          <CopyButton what="link to this request" text={() => `${location.origin}${location.pathname}${hrefOf('logs', [], { tenant, request_id: id })}`} small />
        </div>
      )}
    </div>
  )
}

function Lines({ record }: { record: LogRecord }) {
  return (
    <ul class="rounded-lg border border-line bg-surface font-mono">
      {record.lines.map((line, at) => (
        // Lines repeat; only the place identifies one.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={at} class="flex items-start gap-3 border-b border-line/60 px-3 py-1 last:border-0">
          <span class="w-14 shrink-0 text-right text-muted tabular-nums">{milliseconds(line.t_ms)}</span>
          <span class={`w-12 shrink-0 ${TONE_TEXT[LEVEL_TONE[line.level]]}`}>{line.level}</span>
          <span class="tenant-text min-w-0 flex-1">{visibleEscapes(line.message)}</span>
          {line.file !== null && (
            <span class="shrink-0 text-muted">
              {line.file}:{line.line ?? 1}
            </span>
          )}
        </li>
      ))}
      {record.lines_truncated && <li class="px-3 py-1 text-warn">Cut off: the code wrote more than log_bytes allows.</li>}
    </ul>
  )
}
