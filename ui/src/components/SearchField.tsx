// The field that narrows a list down, as every page with a list has it.
import { Icon } from './Icon'

interface SearchFieldProps {
  label: string
  value: string
  onText: (text: string) => void
}

export function SearchField({ label, value, onText }: SearchFieldProps) {
  return (
    <label class="flex h-8 w-56 items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-muted has-focus-visible:outline-2 has-focus-visible:outline-accent max-sm:w-full pointer-coarse:h-10">
      <Icon name="search" size={14} />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        autocomplete="off"
        spellcheck={false}
        class="min-w-0 flex-1 bg-transparent text-sm text-text outline-none"
        value={value}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  )
}
