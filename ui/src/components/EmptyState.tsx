// What stands where nothing is yet: one sentence, at most one action, and where it helps a command to copy.
import type { ComponentChildren } from 'preact'
import { CopyButton } from './CopyButton'
import { Icon, type IconName } from './Icon'

interface EmptyStateProps {
  icon: IconName
  title: string
  children?: ComponentChildren
  command?: string
  action?: ComponentChildren
}

export function EmptyState({ icon, title, children, command, action }: EmptyStateProps) {
  return (
    <div class="flex min-h-full flex-col items-center justify-center gap-2 px-6 py-5 text-center">
      <span class="flex size-9 items-center justify-center rounded-full bg-raised text-muted">
        <Icon name={icon} />
      </span>
      <p class="font-medium">{title}</p>
      {children && <div class="max-w-sm text-sm text-muted">{children}</div>}
      {action && <div class="mt-1">{action}</div>}
      {command && <Command text={command} />}
    </div>
  )
}

export function Command({ text }: { text: string }) {
  return (
    <div class="flex max-w-full items-center gap-1 rounded-md border border-line bg-sunken py-0.5 pr-0.5 pl-2.5">
      <code class="min-w-0 flex-1 truncate text-left font-mono text-xs">{text}</code>
      <CopyButton what="command" text={() => text} small />
    </div>
  )
}
