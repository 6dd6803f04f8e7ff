// The prompt: grows with its text, says at once when it is too short or too long, and runs on Enter.
import { count } from '../../../text/format'
import { usePlayground } from '../state/playground'
import { PROMPT_MAX, promptFault, promptLength } from '../state/runner'

/** From here on the counter is worth its space. */
const COUNT_FROM = 1000

export function PromptField() {
  const { draft, runner, run } = usePlayground()
  const prompt = draft.prompt.value
  const length = promptLength(prompt)
  const refusal = runner.view.value.problem?.items.find((item) => item.pointer === '/prompt')?.detail ?? null
  const fault = promptFault(prompt) ?? refusal
  // An empty field is no fault until somebody wants to run it.
  const shown = fault !== null && (length > 0 || runner.promptRefused.value)

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    run()
  }
  return (
    <div class="relative">
      <label class="sr-only" for="prompt">
        Prompt
      </label>
      <textarea
        id="prompt"
        rows={1}
        spellcheck={false}
        autocomplete="off"
        placeholder="Prompt, e.g. hello world"
        aria-invalid={shown}
        aria-describedby="prompt-hint"
        value={prompt}
        onInput={(event) => {
          draft.prompt.value = event.currentTarget.value
          runner.promptRefused.value = false
        }}
        onKeyDown={onKeyDown}
        class={`field-sizing-content block max-h-32 min-h-9 w-full resize-none rounded-lg border bg-sunken py-1.5 pr-3 pl-3 leading-[1.375rem] ${
          shown ? 'border-bad' : 'border-line-strong/60'
        }`}
      />
      <p id="prompt-hint" role={shown ? 'alert' : undefined} class={shown || length >= COUNT_FROM ? `mt-1 text-xs ${shown ? 'text-bad' : 'text-muted'}` : 'sr-only'}>
        {shown ? fault : `${count(length)} of ${count(PROMPT_MAX)} characters. Enter runs, Shift Enter starts a new line.`}
      </p>
    </div>
  )
}
