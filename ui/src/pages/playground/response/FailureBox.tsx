// Why a run failed and what can be done about it; an exception's stack with places that take the cursor to the line.
import type { ProblemItem } from '../../../api/types'
import { Button } from '../../../components/Button'
import { Notice } from '../../../components/Notice'
import { usePlayground } from '../state/playground'
import { wordsFor } from './outcome'
import { StackText } from './StackText'

/** Outcomes of a limit that the reader can change on this page. */
const RAISABLE: ReadonlySet<string> = new Set(['cpu_limit', 'wall_limit', 'memory_limit'])

export function FailureBox() {
  const { activityTab, pane, runner, run } = usePlayground()
  const view = runner.view.value
  const words = wordsFor(view)
  const error = view.result?.error ?? null
  const faults = view.problem?.items ?? []
  const warnings = view.result?.warnings ?? []
  if (words.advice === null && error === null && faults.length === 0 && warnings.length === 0 && !runner.usedDefault.value) return null
  return (
    <div class={`flex flex-col gap-2 overflow-y-auto px-3 py-2.5 ${view.head || view.result ? 'max-h-[50%] shrink-0 border-b border-line' : 'min-h-0'}`} data-testid="failure">
      {words.advice !== null && <p class="text-sm">{words.advice}</p>}
      {view.problem?.offline && (
        <Button icon="refresh" class="self-start" onClick={run}>
          Try again
        </Button>
      )}
      {RAISABLE.has(view.result?.outcome ?? '') && (
        <Button
          class="self-start"
          onClick={() => {
            activityTab.value = 'limits'
            pane.value = 'activity'
          }}
        >
          Open the limits
        </Button>
      )}
      {error && <StackText message={error.message} stack={error.stack ?? null} />}
      {faults.map((fault) => (
        <div key={`${fault.pointer ?? ''}${fault.file ?? ''}${fault.line ?? ''}${fault.detail}`} class="rounded-lg bg-bad-soft px-3 py-2 text-xs">
          <StackText message={fault.detail} stack={placeOf(fault)} />
          {fault.frame && <pre class="mt-1 overflow-x-auto font-mono">{fault.frame}</pre>}
        </div>
      ))}
      {warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <span class="tenant-text">{warning}</span>
        </Notice>
      ))}
      {runner.usedDefault.value && <Notice tone="note">The editor was empty, so the default function went in and ran.</Notice>}
    </div>
  )
}

function placeOf(fault: Pick<ProblemItem, 'pointer' | 'file' | 'line' | 'column'>): string | null {
  if (fault.file) return `    at ${fault.file}:${fault.line ?? 1}:${fault.column ?? 1}`
  return fault.pointer ? `    at ${fault.pointer}` : null
}
