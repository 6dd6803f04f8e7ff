// The console's two buttons: one with words, one with an icon and a spoken label.
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact'
import { Icon, type IconName } from './Icon'

const LOOKS = {
  primary: 'bg-accent-fill text-on-accent hover:bg-accent-fill-hover shadow-card',
  plain: 'bg-surface border border-line hover:bg-raised shadow-card',
  ghost: 'text-muted hover:bg-raised hover:text-text',
  danger: 'bg-bad-soft text-bad border border-bad/40 hover:border-bad',
}

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon'> {
  look?: keyof typeof LOOKS
  icon?: IconName
  /** Its call is under way. It keeps the focus, which a disabled button would lose; whoever acts ignores a second press. */
  busy?: boolean
  children: ComponentChildren
}

export function Button({ look = 'plain', icon, busy = false, children, class: extra = '', ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      aria-disabled={busy ? 'true' : undefined}
      class={`inline-flex h-8 items-center justify-center gap-1.5 rounded-md px-3 text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-50 ${LOOKS[look]} ${extra}`}
      {...rest}
    >
      {busy ? <span class="spinner size-3.5" aria-hidden="true" /> : icon && <Icon name={icon} size={14} />}
      {children}
    </button>
  )
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'label'> {
  icon: IconName
  label: string
  filled?: boolean
}

/** Finger-sized on touch screens, compact elsewhere; the label is also the tooltip. */
export function IconButton({ icon, label, filled, class: extra = '', ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      class={`inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-raised hover:text-text disabled:opacity-40 pointer-coarse:size-9 ${extra}`}
      {...rest}
    >
      {filled === undefined ? <Icon name={icon} size={15} /> : <Icon name={icon} size={15} filled={filled} />}
    </button>
  )
}
