// A row of tabs with arrow keys and one tab stop (WAI-ARIA's tabs pattern), and the panel that belongs to it.
import type { ComponentChildren } from 'preact'

export interface TabSpec<Id extends string> {
  id: Id
  label: string
  /** A short figure behind the label, e.g. how many lines wait there. */
  badge?: string | undefined
  tone?: 'plain' | 'bad'
}

interface TabsProps<Id extends string> {
  label: string
  tabs: TabSpec<Id>[]
  active: Id
  onSelect: (id: Id) => void
  /** Prefix of the element ids that tie tabs to their panel. */
  idBase: string
  class?: string
}

export function Tabs<Id extends string>({ label, tabs, active, onSelect, idBase, class: extra = '' }: TabsProps<Id>) {
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.id === active)
    const moves: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }
    const to = moves[event.key]
    if (to === undefined) return
    const next = tabs[(to + tabs.length) % tabs.length]
    if (!next) return
    event.preventDefault()
    onSelect(next.id)
    document.getElementById(`${idBase}-tab-${next.id}`)?.focus()
  }
  return (
    <div role="tablist" aria-label={label} class={`relative flex min-w-0 items-stretch overflow-x-auto ${extra}`} onKeyDown={onKeyDown}>
      {tabs.map((tab) => {
        const selected = tab.id === active
        return (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${idBase}-tab-${tab.id}`}
            aria-selected={selected}
            aria-controls={`${idBase}-panel`}
            tabIndex={selected ? 0 : -1}
            onClick={() => onSelect(tab.id)}
            class={`relative flex items-center gap-1.5 px-3 text-sm font-medium whitespace-nowrap -outline-offset-2 transition-colors ${
              selected ? 'text-text after:absolute after:inset-x-2 after:bottom-0 after:h-0.5 after:rounded-full after:bg-accent' : 'text-muted hover:text-text'
            }`}
          >
            {tab.label}
            {tab.badge !== undefined && (
              <span
                class={`min-w-4.5 rounded-full px-1.5 text-center text-2xs tabular-nums ${tab.tone === 'bad' ? 'bg-bad-soft text-bad' : 'bg-raised text-muted'}`}
              >
                {tab.badge}
              </span>
            )}
          </button>
        )
      })}
    </div>
  )
}

interface TabPanelProps {
  idBase: string
  active: string
  class?: string
  children: ComponentChildren
}

/** Focusable, so that the keyboard can scroll it. */
export function TabPanel({ idBase, active, class: extra = '', children }: TabPanelProps) {
  return (
    <div
      role="tabpanel"
      id={`${idBase}-panel`}
      aria-labelledby={`${idBase}-tab-${active}`}
      tabIndex={0}
      class={`min-h-0 -outline-offset-2 ${extra}`}
    >
      {children}
    </div>
  )
}
