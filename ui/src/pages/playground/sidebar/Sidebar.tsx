// Examples and environment, beside the editor. On narrow screens the same element is a popover that a button opens.
import { usePlayground } from '../state/playground'
import { PairList } from '../request/PairList'
import { ExampleList, SIDEBAR_ID } from './ExampleList'

export function Sidebar() {
  const { draft } = usePlayground()
  return (
    <aside
      id={SIDEBAR_ID}
      popover="auto"
      aria-label="Examples and environment"
      class="m-0 h-full max-h-none w-60 flex-col overflow-y-auto border-r border-line bg-canvas text-text max-xl:fixed max-xl:inset-y-0 max-xl:left-0 max-xl:z-50 max-xl:w-72 max-xl:shadow-float max-xl:backdrop:bg-[#00000059] max-xl:[&:popover-open]:flex xl:static xl:flex xl:shrink-0"
    >
      <section class="px-2 pt-3">
        <h2 class="px-2 pb-1 text-2xs font-semibold tracking-wide text-muted uppercase">Examples</h2>
        <ExampleList />
      </section>
      <section class="px-4 pt-4 pb-4">
        <h2 class="text-2xs font-semibold tracking-wide text-muted uppercase">Environment</h2>
        <p class="pt-0.5 pb-2 text-xs text-muted">
          The code finds these in <code class="font-mono">env</code>.
        </p>
        <PairList
          pairs={draft.env.value}
          onChange={(pairs) => (draft.env.value = pairs)}
          nameLabel="Variable name"
          namePlaceholder="NAME"
          valueLabel="Variable value"
          valuePlaceholder="value"
          addLabel="Add a variable"
        />
      </section>
    </aside>
  )
}
