// The gallery: one click loads an example and runs it. The examples themselves are plain files in `src/examples`.
import { useSignal } from '@preact/signals'
import { EXAMPLES, type Example } from '../../../examples/gallery'
import { usePlayground } from '../state/playground'

/** The element around this list: a popover on narrow screens, which a choice closes. */
export const SIDEBAR_ID = 'sidebar'

export function ExampleList() {
  const { draft, runExample } = usePlayground()
  /** The choice, and the draft that came of it: a run out of history is no example any more. */
  const chosen = useSignal<{ id: string; generation: number } | null>(null)
  const current = chosen.value?.generation === draft.generation.value ? chosen.value.id : null
  const choose = (example: Example): void => {
    const sidebar = document.getElementById(SIDEBAR_ID)
    if (sidebar?.matches(':popover-open')) sidebar.hidePopover()
    runExample(example)
    chosen.value = { id: example.id, generation: draft.generation.peek() }
  }
  return (
    <ul>
      {EXAMPLES.map((example) => (
        <li key={example.id}>
          <button
            type="button"
            data-example={example.id}
            aria-current={current === example.id ? 'true' : undefined}
            title="Load and run"
            onClick={() => choose(example)}
            class={`w-full rounded-md px-2 py-1 text-left transition-colors ${current === example.id ? 'bg-accent-soft' : 'hover:bg-raised'}`}
          >
            <span class="block text-sm leading-5 font-medium">{example.title}</span>
            <span class="block truncate text-xs text-muted">{example.summary}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
