// Form fields with everything that belongs to one: label, hint, fault, and the ties between them for those who listen.
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

export const FIELD_LOOK = 'h-8 w-full min-w-0 rounded-md border bg-sunken px-2.5 text-sm disabled:opacity-60 pointer-coarse:h-10'

interface TextFieldProps {
  label: string
  value: string
  onText: (text: string) => void
  hint?: ComponentChildren
  fault?: string | null
  mono?: boolean
  /** What may be typed, as suggestions. */
  options?: string[]
  type?: 'text' | 'password' | 'number' | 'datetime-local'
  placeholder?: string
  autofocus?: boolean
  class?: string
}

export function TextField({ label, value, onText, hint, fault = null, mono = false, options, type = 'text', placeholder, autofocus, class: extra = '' }: TextFieldProps) {
  const id = useId()
  return (
    <div class={`min-w-0 ${extra}`}>
      <label for={id} class="text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        class={`mt-1 ${FIELD_LOOK} ${mono ? 'font-mono' : ''} ${fault === null ? 'border-line-strong/60' : 'border-bad'}`}
        // Preact's declarations tell the kinds of fields apart by a literal.
        type={type as 'text'}
        placeholder={placeholder}
        autofocus={autofocus}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={fault !== null}
        aria-describedby={`${id}-hint`}
        list={options && `${id}-options`}
        value={value}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      {options && (
        <datalist id={`${id}-options`}>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </datalist>
      )}
      <p id={`${id}-hint`} role={fault === null ? undefined : 'alert'} class={`mt-1 text-xs ${fault === null ? 'text-muted' : 'text-bad'}`}>
        {fault ?? hint}
      </p>
    </div>
  )
}

interface SelectFieldProps<Value extends string> {
  label: string
  value: Value
  choices: { value: Value; label: string }[]
  onChoose: (value: Value) => void
  hint?: ComponentChildren
  class?: string
}

export function SelectField<Value extends string>({ label, value, choices, onChoose, hint, class: extra = '' }: SelectFieldProps<Value>) {
  const id = useId()
  const choose = (chosen: string): void => {
    const found = choices.find((choice) => choice.value === chosen)
    if (found) onChoose(found.value)
  }
  return (
    <div class={`min-w-0 ${extra}`}>
      <label for={id} class="text-sm font-medium">
        {label}
      </label>
      <select id={id} class={`mt-1 ${FIELD_LOOK} border-line-strong/60`} value={value} aria-describedby={hint === undefined ? undefined : `${id}-hint`} onChange={(event) => choose(event.currentTarget.value)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <p id={`${id}-hint`} class="mt-1 text-xs text-muted">
          {hint}
        </p>
      )}
    </div>
  )
}
