// The code side of the playground: tabs, editor, problems. The editor's own code arrives a moment after the page.
import type { FunctionComponent } from 'preact'
import { signal } from '@preact/signals'
import { may } from '../../../app/rights'
import { hrefOf } from '../../../app/route'
import { Button, IconButton } from '../../../components/Button'
import { SIDEBAR_ID } from '../sidebar/ExampleList'
import { usePlayground } from '../state/playground'
import { FileTabs, tabId } from './FileTabs'
import { ProblemsStrip } from './ProblemsStrip'

/** Asked for when this module loads, not when it renders: the page and its editor travel together. */
const loadedEditor = signal<FunctionComponent | null>(null)
const loadFailed = signal(false)
import('./Editor').then(
  (module) => (loadedEditor.value = module.Editor),
  () => (loadFailed.value = true),
)

export function EditorPane() {
  const { copyLink, draft, deploying } = usePlayground()
  const target = draft.functionName.value
  const Editor = loadedEditor.value
  return (
    <>
      <div class="flex shrink-0 items-center border-b border-line bg-canvas">
        <FileTabs />
        {target !== null && (
          <a href={hrefOf('functions', [target])} class="max-w-40 shrink-0 truncate px-1 text-xs text-muted hover:text-text hover:underline max-lg:hidden" title={`This code belongs to the function ${target}`}>
            {target}
          </a>
        )}
        <IconButton icon="external" label="Copy a link to this code" class="max-sm:hidden" onClick={() => void copyLink()} />
        {may('deploy') && (
          <Button icon="upload" class="mx-1.5 h-7 px-2! text-xs" onClick={() => (deploying.value = true)}>
            Deploy
          </Button>
        )}
        <Button look="ghost" icon="menu" class="mx-1 h-7 xl:hidden" popovertarget={SIDEBAR_ID}>
          Examples
        </Button>
      </div>
      <div role="tabpanel" id="editor-panel" aria-labelledby={tabId(draft.activeFile.value)} class="min-h-0 flex-1 bg-surface">
        {Editor ? <Editor /> : <EditorSkeleton />}
      </div>
      <ProblemsStrip />
    </>
  )
}

function EditorSkeleton() {
  if (loadFailed.value) return <p class="p-4 text-sm text-bad">The editor could not be loaded. Reload the page; if that does not help, the server was upgraded meanwhile.</p>
  return (
    <div class="flex flex-col gap-3 p-4 pl-12" role="img" aria-label="Loading the editor">
      {['w-1/2', 'w-1/3', 'w-2/5', 'w-3/5', 'w-1/4'].map((width) => (
        <span key={width} class={`shimmer h-3 ${width}`} />
      ))}
    </div>
  )
}
