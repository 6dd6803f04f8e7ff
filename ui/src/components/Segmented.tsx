// One choice out of a few, side by side: native radio buttons, so arrow keys and screen readers know them already.
import { Icon, type IconName } from './Icon'

interface Choice<Value extends string> {
  value: Value
  label: string
  icon?: IconName
}

interface SegmentedProps<Value extends string> {
  /** Spoken name of the group, and the radio buttons' form name: unique on the page. */
  label: string
  choices: Choice<Value>[]
  value: Value
  onChange: (value: Value) => void
}

export function Segmented<Value extends string>({ label, choices, value, onChange }: SegmentedProps<Value>) {
  return (
    <fieldset class="inline-flex h-7 shrink-0 items-stretch rounded-md bg-raised p-0.5 pointer-coarse:h-9">
      <legend class="sr-only">{label}</legend>
      {choices.map((choice) => (
        <label
          key={choice.value}
          title={choice.icon && choice.label}
          class={`relative flex cursor-pointer items-center rounded-[5px] px-2 text-xs font-medium transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent ${
            choice.value === value ? 'bg-selected text-text shadow-card' : 'text-muted hover:text-text'
          }`}
        >
          <input
            type="radio"
            class="absolute inset-0 m-0 cursor-pointer opacity-0"
            name={label}
            value={choice.value}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
            aria-label={choice.icon && choice.label}
          />
          {choice.icon ? <Icon name={choice.icon} size={14} /> : choice.label}
        </label>
      ))}
    </fieldset>
  )
}
