// What the code wrote with console.*, by level, as it arrives. Terminal escapes are shown, never obeyed.
import { useSignal } from '@preact/signals'
import type { LogLevel, LogLine } from '../../../api/types'
import { EmptyState } from '../../../components/EmptyState'
import { Icon } from '../../../components/Icon'
import { LEVEL_TONE } from '../../../components/levels'
import { TONE_ICON, TONE_TEXT } from '../../../components/Notice'
import { Segmented } from '../../../components/Segmented'
import { milliseconds } from '../../../text/format'
import { PlaceLink } from '../response/StackText'
import { visibleEscapes } from '../../../text/inert'
import { usePlayground } from '../state/playground'

/** More rows than a page can hold at once; the newest matter. */
const SHOWN_LINES = 2000

type Filter = 'all' | 'info' | 'warn' | 'error'

const SHOWS: Record<Exclude<Filter, 'all'>, ReadonlySet<LogLevel>> = {
  info: new Set(['log', 'info', 'warn', 'error']),
  warn: new Set(['warn', 'error']),
  error: new Set(['error']),
}

export function ConsoleTab() {
  const { runner } = usePlayground()
  const filter = useSignal<Filter>('all')
  const view = runner.view.value
  if (view.logs.length === 0) {
    return (
      <EmptyState icon="info" title="The console is quiet">
        Lines from <code class="font-mono">console.log</code> and its siblings appear here while the code runs.
      </EmptyState>
    )
  }
  const matching = linesShown(view.logs, filter.value)
  const lines = matching.slice(-SHOWN_LINES)
  return (
    <div>
      <div class="sticky top-0 z-10 flex items-center gap-3 bg-surface px-3 py-1.5">
        <Segmented
          label="Lines shown"
          choices={[
            { value: 'all', label: 'All' },
            { value: 'info', label: 'Info' },
            { value: 'warn', label: 'Warnings' },
            { value: 'error', label: 'Errors' },
          ]}
          value={filter.value}
          onChange={(next) => (filter.value = next)}
        />
        {lines.length < matching.length && <span class="text-xs text-muted">the newest {SHOWN_LINES} of {matching.length}</span>}
        {view.result?.logs_truncated && <span class="text-xs text-warn">cut off: the run wrote more than log_bytes allows</span>}
      </div>
      <ul class="font-mono text-xs" data-testid="console">
        {lines.map((line, at) => (
          // Lines repeat; only the place identifies one.
          // oxlint-disable-next-line react/no-array-index-key
          <Line key={at} line={line} />
        ))}
      </ul>
    </div>
  )
}

function linesShown(lines: LogLine[], filter: Filter): LogLine[] {
  return filter === 'all' ? lines : lines.filter((line) => SHOWS[filter].has(line.level))
}

function Line({ line }: { line: LogLine }) {
  const tone = LEVEL_TONE[line.level]
  return (
    <li class={`flex items-start gap-2.5 border-b border-line/70 px-3 py-1 ${line.level === 'error' ? 'bg-bad-soft' : line.level === 'warn' ? 'bg-warn-soft' : ''}`}>
      <span class="w-14 shrink-0 text-right text-muted tabular-nums">{milliseconds(line.t_ms)}</span>
      <span class={`flex w-14 shrink-0 items-center gap-1 ${TONE_TEXT[tone]}`}>
        <Icon name={TONE_ICON[tone]} size={12} />
        {line.level}
      </span>
      <span class="tenant-text min-w-0 flex-1">{visibleEscapes(line.message)}</span>
      {line.file && (
        <span class="shrink-0">
          <PlaceLink file={line.file} line={line.line ?? 1} column={1} words={line.line ? `${line.file}:${line.line}` : line.file} />
        </span>
      )}
    </li>
  )
}
