// What the function is asked, and the Run button: a prompt, or a whole request. Sending it is the runner's.
import { Icon } from '../../../components/Icon'
import { Segmented } from '../../../components/Segmented'
import { RUN_KEYS, RUN_KEYS_ARIA } from '../../../text/keys'
import { usePlayground } from '../state/playground'
import { PromptField } from './PromptField'
import { RequestBuilder } from './RequestBuilder'

export function RequestBar() {
  const { draft } = usePlayground()
  return (
    <section aria-label="Request" class="shrink-0 border-t border-line bg-surface px-3 py-2.5">
      <div class="flex items-start gap-2.5 max-md:flex-wrap">
        <div class="flex h-9 items-center max-md:order-2">
          <Segmented
            label="What is sent"
            choices={[
              { value: 'prompt', label: 'Prompt' },
              { value: 'request', label: 'Request' },
            ]}
            value={draft.mode.value}
            onChange={(mode) => (draft.mode.value = mode)}
          />
        </div>
        <div class="min-w-0 flex-1 max-md:order-1 max-md:basis-full">{draft.mode.value === 'prompt' ? <PromptField /> : <RequestBuilder />}</div>
        <div class="max-md:order-3 max-md:ml-auto">
          <RunButton />
        </div>
      </div>
    </section>
  )
}

function RunButton() {
  const { runner, run } = usePlayground()
  const running = runner.running.value
  return (
    <button
      type="button"
      data-testid="run"
      onClick={running ? runner.stop : run}
      aria-keyshortcuts={RUN_KEYS_ARIA}
      title={running ? 'Stop this run' : `Run (${RUN_KEYS})`}
      class="inline-flex h-9 w-40 items-center justify-center gap-2 rounded-lg bg-accent-fill font-semibold text-on-accent shadow-card transition-colors hover:bg-accent-fill-hover max-md:w-28"
    >
      {running ? <span class="spinner size-3.5" aria-hidden="true" /> : <Icon name="play" size={14} />}
      {running ? 'Stop' : 'Run'}
      {!running && <kbd class="rounded bg-white/20 px-1.5 py-px font-sans text-2xs font-medium max-md:hidden">{RUN_KEYS}</kbd>}
    </button>
  )
}
