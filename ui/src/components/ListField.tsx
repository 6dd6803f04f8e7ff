// A field for a few words or numbers: what is typed stays as it is typed, what it comes to is the caller's list.
import { useRef } from 'preact/hooks'
import { TextField } from './Field'

interface ListFieldProps<Item> {
  label: string
  value: Item[]
  /** A word as an item. */
  parse: (word: string) => Item
  isGood?: (item: Item) => boolean
  /** What is said of words that are not good. */
  fault?: string
  placeholder: string
  onList: (items: Item[]) => void
}

export function ListField<Item extends string | number>({ label, value, parse, isGood, fault = 'Not all of this can be right.', placeholder, onList }: ListFieldProps<Item>) {
  const itemsOf = (text: string): Item[] => text.split(/[\s,]+/).filter((word) => word !== '').map((word) => parse(word))
  const typed = useRef(value.join(', '))
  const seen = useRef(value.join())
  // Another list than before, and not what was typed: that of a rule that was moved here, or the one that was saved.
  if (value.join() !== seen.current) {
    seen.current = value.join()
    if (itemsOf(typed.current).join() !== seen.current) typed.current = value.join(', ')
  }
  return (
    <TextField
      label={label}
      mono
      value={typed.current}
      onText={(text) => {
        typed.current = text
        onList(itemsOf(text))
      }}
      placeholder={placeholder}
      fault={isGood === undefined || value.every(isGood) ? null : fault}
    />
  )
}
