// The first line of the answer: what became of the run, the HTTP status, how long it took. Words come from `outcome.ts`.
import { Icon } from '../../../components/Icon'
import { TONE_FILL, TONE_ICON } from '../../../components/Notice'
import { ago, milliseconds, moment } from '../../../text/format'
import { usePlayground } from '../state/playground'
import { wordsFor } from './outcome'

export function OutcomeLine() {
  const { runner } = usePlayground()
  const view = runner.view.value
  const words = wordsFor(view)
  return (
    <header class="flex min-h-12 shrink-0 flex-wrap items-center gap-x-2.5 gap-y-1 px-3 py-2" data-testid="outcome" data-outcome={view.result?.outcome ?? view.problem?.code ?? view.state}>
      <span class={`inline-flex items-center gap-1.5 rounded-md px-2 py-1 text-sm font-semibold ${TONE_FILL[words.tone]}`}>
        {view.state === 'running' ? <span class="spinner size-3.5" aria-hidden="true" /> : <Icon name={TONE_ICON[words.tone]} size={14} />}
        {words.headline}
      </span>
      {view.head && (
        <span class="font-mono text-sm font-semibold" data-testid="status">
          <span class="sr-only">HTTP status </span>
          {view.head.status}
        </span>
      )}
      {view.result && <span class="text-sm text-muted tabular-nums">{milliseconds(view.result.timing.total_ms)}</span>}
      {view.result && <Warmth cold={view.result.cold} cached={view.result.cached} />}
      {view.recordedAt !== null && (
        <span class="ml-auto text-xs text-muted" title={moment(view.recordedAt)}>
          from history, {ago(view.recordedAt)}
        </span>
      )}
    </header>
  )
}

function Warmth({ cold, cached }: { cold: boolean; cached: boolean }) {
  const why = cached ? 'The compiled code was in the cache.' : 'The code was compiled for this run.'
  return (
    <span class="flex gap-1.5 text-xs text-muted" title={`${why} Every run gets a fresh instance either way.`}>
      <span class="rounded border border-line px-1.5 py-px">{cold ? 'cold' : 'warm'}</span>
      <span class="rounded border border-line px-1.5 py-px">{cached ? 'cached' : 'compiled'}</span>
    </span>
  )
}
