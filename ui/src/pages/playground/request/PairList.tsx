// Names with values, in rows that can be added and removed: request headers, environment variables.
import { Button, IconButton } from '../../../components/Button'

type Pairs = [name: string, value: string][]

interface PairListProps {
  pairs: Pairs
  onChange: (pairs: Pairs) => void
  nameLabel: string
  namePlaceholder: string
  valueLabel: string
  valuePlaceholder: string
  addLabel: string
}

const FIELD = 'h-7 min-w-0 rounded border border-line-strong/60 bg-sunken px-2 font-mono text-xs pointer-coarse:h-9'

export function PairList({ pairs, onChange, nameLabel, namePlaceholder, valueLabel, valuePlaceholder, addLabel }: PairListProps) {
  const change = (at: number, pair: [string, string]): void => onChange(pairs.map((old, index) => (index === at ? pair : old)))
  return (
    <div class="flex flex-col gap-1.5">
      {pairs.map(([name, value], at) => (
        // Rows have no identity beyond their place.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={at} class="flex items-center gap-1.5">
          <input
            class={`${FIELD} w-2/5`}
            aria-label={`${nameLabel} ${at + 1}`}
            placeholder={namePlaceholder}
            spellcheck={false}
            autocomplete="off"
            value={name}
            onInput={(event) => change(at, [event.currentTarget.value, value])}
          />
          <input
            class={`${FIELD} flex-1`}
            aria-label={`${valueLabel} ${at + 1}`}
            placeholder={valuePlaceholder}
            spellcheck={false}
            autocomplete="off"
            value={value}
            onInput={(event) => change(at, [name, event.currentTarget.value])}
          />
          <IconButton icon="close" label={`Remove ${name || 'this row'}`} onClick={() => onChange(pairs.filter((_, index) => index !== at))} />
        </div>
      ))}
      <Button look="ghost" icon="plus" class="h-7 self-start px-1.5! text-xs" onClick={() => onChange([...pairs, ['', '']])}>
        {addLabel}
      </Button>
    </div>
  )
}
