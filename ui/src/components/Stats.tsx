// Figures that matter at a glance, side by side.
import type { ComponentChildren } from 'preact'
import { TONE_TEXT, type Tone } from './Notice'

export function Stats({ children }: { children: ComponentChildren }) {
  return <dl class="mb-6 grid grid-cols-2 overflow-hidden rounded-xl border border-line bg-line gap-px lg:grid-cols-4">{children}</dl>
}

interface StatProps {
  label: string
  value: string
  detail?: string
  tone?: Tone
}

export function Stat({ label, value, detail, tone = 'plain' }: StatProps) {
  return (
    <div class="min-w-0 bg-surface px-4 py-3">
      <dt class="text-xs text-muted">{label}</dt>
      <dd class={`truncate text-lg font-semibold tracking-tight tabular-nums ${tone === 'plain' ? '' : TONE_TEXT[tone]}`}>{value}</dd>
      {detail !== undefined && <dd class="truncate text-xs text-muted">{detail}</dd>}
    </div>
  )
}
