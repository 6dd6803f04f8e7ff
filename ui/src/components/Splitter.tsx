// The movable border between two panes: dragged, or moved with the arrow keys (WAI-ARIA's window splitter).
// It only reports a percentage; the layout and whether it is remembered are the page's.
import { useRef } from 'preact/hooks'

interface SplitterProps {
  label: string
  /** Which way the border runs: a vertical one moves left and right. */
  direction: 'vertical' | 'horizontal'
  /** Share of the first pane, in percent. */
  value: number
  min: number
  max: number
  onChange: (value: number) => void
  class?: string
}

export function Splitter({ label, direction, value, min, max, onChange, class: extra = '' }: SplitterProps) {
  const dragging = useRef(false)
  const vertical = direction === 'vertical'
  const set = (next: number): void => onChange(Math.min(max, Math.max(min, Math.round(next * 10) / 10)))

  const onPointerMove = (event: PointerEvent): void => {
    const frame = event.currentTarget instanceof HTMLElement ? event.currentTarget.parentElement : null
    if (!dragging.current || !frame) return
    const box = frame.getBoundingClientRect()
    set(vertical ? ((event.clientX - box.left) / box.width) * 100 : ((event.clientY - box.top) / box.height) * 100)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -2, ArrowUp: -2, ArrowRight: 2, ArrowDown: 2 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    set(value + step)
  }
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={direction}
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={max}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        dragging.current = true
        event.currentTarget.setPointerCapture(event.pointerId)
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => (dragging.current = false)}
      onDblClick={() => set((min + max) / 2)}
      class={`relative shrink-0 touch-none bg-line transition-colors before:absolute before:z-10 hover:bg-accent focus-visible:bg-accent ${
        vertical ? 'w-px cursor-col-resize before:-inset-x-1 before:inset-y-0' : 'h-px cursor-row-resize before:inset-x-0 before:-inset-y-1'
      } ${extra}`}
    />
  )
}
