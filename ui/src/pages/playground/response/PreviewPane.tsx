// The answer as the page that it is: in a sealed frame, on an origin that is not the console's. Its script runs and reaches neither this page
// nor the network: the host says so to the browser (host/api/src/preview.rs), and the frame says it once more.
import { previewRun } from '../../../api/resources'
import { Icon } from '../../../components/Icon'
import { Loaded, useLoad } from '../../../components/Loaded'
import { usePlayground } from '../state/playground'
import type { RunView } from '../state/runView'

/** Whether the answer is something to look at rather than to read. */
export function isPage({ state, head, result }: RunView): boolean {
  const type = head?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  return state === 'done' && result !== null && /^(text\/html|application\/xhtml\+xml|image\/)/i.test(type.trim())
}

export function PreviewPane() {
  const { tenant, runner } = usePlayground()
  const { result } = runner.view.value
  const id = result?.id ?? ''
  const preview = useLoad((signal) => previewRun(tenant, id, signal), [tenant, id])
  return (
    <div class="flex h-full min-h-64 flex-col">
      <p class="flex items-center gap-1.5 px-3 py-1.5 text-xs text-muted">
        <Icon name="shield" size={13} />
        <span class="min-w-0 flex-1">
          {result?.response?.truncated ? 'The first part of the page, as much as was kept. ' : ''}
          Sealed: its script runs, without a network and without a way to this console.
        </span>
        {preview.value && (
          <a class="flex shrink-0 items-center gap-1 font-medium text-accent hover:underline" href={preview.value.url} target="_blank" rel="noreferrer noopener">
            Alone <Icon name="external" size={12} />
            <span class="sr-only"> in a tab of its own, for ten minutes</span>
          </a>
        )}
      </p>
      <Loaded load={preview} what="The page">
        {({ url }) => <iframe key={url} src={url} title="The answer as a page" sandbox="allow-scripts allow-forms" referrerpolicy="no-referrer" class="min-h-0 w-full flex-1 border-t border-line bg-white" data-testid="preview" />}
      </Loaded>
    </div>
  )
}
