// The little field in which a module gets its name: Enter takes it, Escape leaves everything as it was.
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { fileNameFault } from '../state/draft'

interface FileNameFieldProps {
  initial: string
  taken: string[]
  /** The new name, or `null` when the reader thought better of it. */
  onDone: (name: string | null) => void
}

export function FileNameField({ initial, taken, onDone }: FileNameFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  const name = useSignal(initial)
  const closed = useRef(false)
  const faultNow = () => (name.value === '' ? null : fileNameFault(name.value, taken))
  const fault = faultNow()

  // Before anything is shown: what is typed next belongs here.
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(0, initial.replace(/\.m?js$/, '').length)
  }, [])

  const close = (result: string | null): void => {
    if (closed.current) return
    closed.current = true
    onDone(result)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') close(null)
    if (event.key === 'Enter' && name.value !== '' && faultNow() === null) close(name.value)
  }
  return (
    <div class="relative flex shrink-0 items-center px-2">
      <input
        ref={field}
        class={`h-7 w-40 rounded border bg-surface px-2 font-mono text-xs ${fault === null ? 'border-line-strong' : 'border-bad'}`}
        aria-label={initial === '' ? 'Name of the new module' : `New name of ${initial}`}
        aria-invalid={fault !== null}
        aria-describedby="file-name-fault"
        placeholder="helper.js"
        spellcheck={false}
        autocomplete="off"
        value={name.value}
        onInput={(event) => (name.value = event.currentTarget.value.trim())}
        onKeyDown={onKeyDown}
        onBlur={() => close(faultNow() === null && name.value !== '' ? name.value : null)}
      />
      <span id="file-name-fault" role="alert" class={fault === null ? 'sr-only' : 'ml-2 text-xs whitespace-nowrap text-bad'}>
        {fault}
      </span>
    </div>
  )
}
