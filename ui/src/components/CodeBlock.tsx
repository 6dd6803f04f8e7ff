// Code or a command as a box of its own: scrolls in itself, also by the keyboard, and can be copied.
import { CopyButton } from './CopyButton'

interface CodeBlockProps {
  /** What it is, for those who listen, and what Copy copies. */
  what: string
  text: string
  copy?: boolean
}

export function CodeBlock({ what, text, copy = true }: CodeBlockProps) {
  return (
    <div class="flex items-start gap-1 rounded-lg border border-line bg-sunken">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre class="max-h-96 min-w-0 flex-1 overflow-auto rounded-lg px-3 py-2 font-mono text-xs leading-5" tabIndex={0} role="group" aria-label={what}>
        {text}
      </pre>
      {copy && (
        <span class="p-1">
          <CopyButton what={what} text={() => text} small />
        </span>
      )}
    </div>
  )
}
