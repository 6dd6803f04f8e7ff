// A table that stays quick with ten thousand rows: only those in sight exist. All rows have the same height.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface VirtualTableProps<T> {
  caption: string
  head: string[]
  /** `grid-template-columns`, one for each heading. */
  columns: string
  rows: T[]
  rowHeight: number
  /** The cells of one row: elements with `role="cell"` or `"rowheader"`. */
  row: (entry: T) => ComponentChildren
  keyOf: (entry: T) => string
  /** Told which rows exist just now, whenever others come into sight. */
  onShown?: (rows: T[]) => void
}

/** Rows beyond the edge, so that a turn of the wheel does not show the ground. */
const SPARE = 6

export function VirtualTable<T>({ caption, head, columns, rows, rowHeight, row, keyOf, onShown }: VirtualTableProps<T>) {
  const frame = useRef<HTMLDivElement>(null)
  /** The first row in sight, and how many fit. */
  const view = useSignal({ at: 0, fit: 20 })
  useEffect(() => {
    const node = frame.current
    if (!node) return
    const measure = (): void => {
      const next = { at: Math.floor(node.scrollTop / rowHeight), fit: Math.ceil(node.clientHeight / rowHeight) }
      const { at, fit } = view.peek()
      // Spare rows are there for small moves: nothing is drawn anew for them.
      if (fit !== next.fit || Math.abs(at - next.at) >= SPARE / 2 || next.at === 0) view.value = next
    }
    const observer = new ResizeObserver(measure)
    observer.observe(node)
    node.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      node.removeEventListener('scroll', measure)
    }
  }, [])
  // A shorter list may end above where the longer one was scrolled to.
  const { at: top, fit } = view.value
  const first = Math.max(Math.min(top, rows.length - fit) - SPARE, 0)
  const shown = rows.slice(first, first + fit + 2 * SPARE)
  useEffect(() => onShown?.(shown), [rows, first, fit])
  return (
    // Focusable, so that the keyboard can scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={frame} class="relative min-h-0 flex-1 overflow-auto rounded-xl border border-line bg-surface" tabIndex={0} role="group" aria-label={caption}>
      <div role="table" aria-label={caption} aria-rowcount={rows.length + 1} class="text-sm">
        <div role="row" aria-rowindex={1} class="sticky top-0 z-10 grid border-b border-line bg-surface text-xs text-muted" style={{ gridTemplateColumns: columns }}>
          {head.map((title) => (
            <span key={title} role="columnheader" class="truncate px-4 py-2 font-medium">
              {title}
            </span>
          ))}
        </div>
        {/* Each row is laid out by itself: a scroll never costs more than the rows that it brings. */}
        <div role="rowgroup" class="relative [contain:strict]" style={{ height: `${rows.length * rowHeight}px` }}>
          {shown.map((entry, at) => (
            <div
              key={keyOf(entry)}
              role="row"
              aria-rowindex={first + at + 2}
              class="absolute inset-x-0 grid items-center border-b border-line/70 [contain:strict] hover:bg-raised/50"
              style={{ top: `${(first + at) * rowHeight}px`, height: `${rowHeight}px`, gridTemplateColumns: columns }}
            >
              {row(entry)}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
