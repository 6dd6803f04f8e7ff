// A word in a small box: a state, told by the word and by its tone.
import type { ComponentChildren } from 'preact'
import { TONE_FILL, type Tone } from './Notice'

export function Badge({ tone = 'plain', title, children }: { tone?: Tone; title?: string; children: ComponentChildren }) {
  return (
    <span title={title} class={`inline-flex items-center gap-1 rounded px-1.5 py-px text-xs font-medium whitespace-nowrap ${TONE_FILL[tone]}`}>
      {children}
    </span>
  )
}
