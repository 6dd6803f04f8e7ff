// The page's one live region: what just happened, in one sentence. Beside it, quietly: the draft and how to leave the editor.
import { info } from '../../app/info'
import { milliseconds } from '../../text/format'
import { wordsFor } from './response/outcome'
import { usePlayground } from './state/playground'
import type { RunView } from './state/runView'

const DRAFT_WORDS = { saved: 'Draft saved', pending: 'Saving draft…', failed: 'Draft not saved' }

export function StatusBar() {
  const { announcement, draft, runner } = usePlayground()
  const engine = info.value
  return (
    <footer class="flex h-7 shrink-0 items-center gap-4 border-t border-line bg-canvas px-3 text-xs text-muted">
      <p role="status" aria-live="polite" class="min-w-0 truncate text-text" data-testid="status-line">
        {announcement.value ?? sentence(runner.view.value)}
      </p>
      <span class="ml-auto shrink-0 max-lg:hidden">Escape, then Tab leaves the editor</span>
      <span class="w-24 shrink-0 text-right max-lg:ml-auto max-md:hidden">{DRAFT_WORDS[draft.saving.value]}</span>
      {engine && (
        <span class="shrink-0 max-lg:hidden">
          isolet {engine.version}
          {engine.engine && ` · wasmtime ${engine.engine.wasmtime}`}
        </span>
      )}
    </footer>
  )
}

function sentence(view: RunView): string {
  if (view.state === 'idle') return 'Ready.'
  if (view.state === 'running') return 'Running…'
  const { headline } = wordsFor(view)
  const status = view.head ? `, status ${view.head.status}` : ''
  const total = view.result ? `, ${milliseconds(view.result.timing.total_ms)} in all` : ''
  return `${headline}${status}${total}.`
}
