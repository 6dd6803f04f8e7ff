// Recent prompts: a click puts prompt and code back, the star keeps one, clearing asks first. The list itself: `state/history.ts`.
import { useSignal } from '@preact/signals'
import type { PromptEntry } from '../../../api/types'
import { Button, IconButton } from '../../../components/Button'
import { CopyButton } from '../../../components/CopyButton'
import { ConfirmDialog } from '../../../components/Dialog'
import { EmptyState } from '../../../components/EmptyState'
import { Icon } from '../../../components/Icon'
import { Notice, TONE_ICON, TONE_TEXT, type Tone } from '../../../components/Notice'
import { ago, milliseconds, moment, plural, shortVersion } from '../../../text/format'
import { usePlayground } from '../state/playground'
import { runLink } from '../state/share'

export function HistoryTab() {
  const { comparing, history, run } = usePlayground()
  const first = comparing.value?.[1] === null ? comparing.value[0] : null
  const clearing = useSignal(false)
  const entries = history.entries.value
  const error = history.error.value
  if (entries === null) return error ? <LoadFailure /> : <Skeleton />
  if (entries.length === 0) {
    return (
      <EmptyState
        icon="star"
        title="No prompts yet"
        command='isolet run main.js --prompt "hello"'
        action={
          <Button look="primary" onClick={run}>
            Run the first one
          </Button>
        }
      >
        Each run is kept here with its code and its result.
      </EmptyState>
    )
  }
  const starred = entries.filter((entry) => entry.starred).length
  return (
    <div>
      <div class="sticky top-0 z-10 flex h-9 items-center gap-3 bg-surface px-3 text-xs text-muted">
        <span>
          {plural(entries.length, 'prompt')}
          {starred > 0 && `, ${starred} starred`}
        </span>
        {error && <span class="text-bad">{error.message}</span>}
        {first !== null && <span class="font-medium text-accent">Choose the run to compare with.</span>}
        <Button look="ghost" icon="trash" class="ml-auto h-7 text-xs" disabled={starred === entries.length} onClick={() => (clearing.value = true)}>
          Clear
        </Button>
      </div>
      <ul data-testid="history">
        {entries.map((entry) => (
          <Row key={entry.id} entry={entry} />
        ))}
      </ul>
      <ConfirmDialog
        open={clearing.value}
        title="Clear the history?"
        detail={`${plural(entries.length - starred, 'prompt')} and their recorded results will be deleted for everyone in this tenant. ${starred > 0 ? 'Starred ones stay.' : 'To keep one, star it first.'}`}
        confirm="Clear history"
        onConfirm={() => history.clear()}
        onClose={() => (clearing.value = false)}
      />
    </div>
  )
}

function Row({ entry }: { entry: PromptEntry }) {
  const { comparing, history, recall, replay, tenant } = usePlayground()
  const first = comparing.value?.[1] === null ? comparing.value[0] : null
  /** The first click marks a run, the second opens both. */
  const compare = (): void => {
    if (first === entry.id) comparing.value = null
    else comparing.value = first === null ? [entry.id, null] : [first, entry.id]
  }
  const open = (event: MouseEvent): void => {
    if (event.shiftKey) compare()
    else void recall(entry)
  }
  const tone: Tone = entry.outcome === null ? 'plain' : entry.outcome === 'ok' ? 'ok' : 'bad'
  return (
    <li class="flex items-center border-b border-line/70 pr-2 hover:bg-raised/60">
      <button type="button" onClick={open} title="Back into the editor. With Shift: compare." class="flex min-w-0 flex-1 items-center gap-3 py-1.5 pr-1.5 pl-3 text-left text-xs -outline-offset-2">
        <span class={TONE_TEXT[tone]}>
          <Icon name={TONE_ICON[tone]} size={14} />
        </span>
        <span class="min-w-0 flex-1 truncate font-mono text-sm" dir="auto">
          {entry.prompt?.slice(0, 300) || '(a request without a prompt)'}
        </span>
        <span class="w-32 shrink-0 truncate text-muted max-sm:hidden">
          {entry.outcome === null ? 'not run' : entry.outcome === 'ok' ? `ok ${entry.status ?? ''}` : entry.outcome}
        </span>
        <span class="w-16 shrink-0 text-right text-muted tabular-nums">{milliseconds(entry.total_ms)}</span>
        <span class="w-20 shrink-0 truncate font-mono text-muted max-lg:hidden" title={entry.version ?? undefined}>
          {entry.version === null ? '' : shortVersion(entry.version)}
        </span>
        <time class="w-20 shrink-0 text-right text-muted" dateTime={entry.created_at} title={moment(entry.created_at)}>
          {ago(entry.created_at)}
        </time>
      </button>
      {entry.outcome !== null && (
        <span class="flex max-sm:hidden">
          <IconButton icon="refresh" label="Run this again" onClick={() => void replay(entry)} />
          <CopyButton what="a link to this run, for keys of this tenant" text={() => runLink(tenant, entry.id)} small />
          <IconButton icon="compare" label="Compare this run" aria-pressed={first === entry.id} class={first === entry.id ? 'text-accent!' : ''} onClick={compare} />
        </span>
      )}
      <IconButton
        icon="star"
        filled={entry.starred}
        label={entry.starred ? 'Remove the star' : 'Star: keep this prompt'}
        aria-pressed={entry.starred}
        class={`${entry.starred ? 'text-warn!' : ''}`}
        onClick={() => void history.star(entry.id, !entry.starred)}
      />
      <IconButton icon="close" label="Delete this prompt" onClick={() => void history.remove(entry.id)} />
    </li>
  )
}

function LoadFailure() {
  const { history } = usePlayground()
  return (
    <div class="p-3">
      <Notice
        tone="bad"
        title="The history could not be loaded"
        action={
          <Button icon="refresh" onClick={() => void history.refresh()}>
            Try again
          </Button>
        }
      >
        {history.error.value?.message}
      </Notice>
    </div>
  )
}

function Skeleton() {
  return (
    <div class="flex flex-col gap-3 p-3" role="img" aria-label="Loading the history">
      {['w-2/3', 'w-1/2', 'w-3/5', 'w-2/5'].map((width) => (
        <span key={width} class={`shimmer h-3.5 ${width}`} />
      ))}
    </div>
  )
}
