// A boxed message with a tone. The tone is told by icon and words as well as by colour.
import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './Icon'

export type Tone = 'ok' | 'warn' | 'bad' | 'note' | 'plain'

export const TONE_TEXT: Record<Tone, string> = {
  ok: 'text-ok',
  warn: 'text-warn',
  bad: 'text-bad',
  note: 'text-note',
  plain: 'text-muted',
}

export const TONE_FILL: Record<Tone, string> = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  note: 'bg-note-soft text-note',
  plain: 'bg-raised text-muted',
}

export const TONE_ICON: Record<Tone, IconName> = { ok: 'check', warn: 'warn', bad: 'bad', note: 'info', plain: 'dot' }

interface NoticeProps {
  tone: Tone
  title?: string
  children?: ComponentChildren
  action?: ComponentChildren
}

export function Notice({ tone, title, children, action }: NoticeProps) {
  return (
    <div class={`flex items-start gap-2.5 rounded-lg px-3 py-2.5 ${TONE_FILL[tone]}`}>
      <span class="mt-0.5">
        <Icon name={TONE_ICON[tone]} />
      </span>
      <div class="min-w-0 flex-1">
        {title && <p class="font-semibold">{title}</p>}
        {children && <div class="text-sm text-text">{children}</div>}
      </div>
      {action}
    </div>
  )
}
