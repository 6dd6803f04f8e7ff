// A stack trace as text in which every `file:line:column` of the reader's own modules is a link into the editor.
import { usePlayground } from '../state/playground'

/** Bounded, because the text is the tenant's: without an end, a long run of letters would take quadratic time. */
const PLACE = /([\w@-][\w@./-]{0,200}\.(?:m?js|cjs|tsx?|jsx)):(\d+)(?::(\d+))?/g

interface StackTextProps {
  message: string
  stack: string | null
}

export function StackText({ message, stack }: StackTextProps) {
  // Some engines open the stack with the message, ours may not: said once is enough.
  const rest = stack?.startsWith(message) ? stack.slice(message.length).replace(/^\n/, '') : stack
  return (
    <div class="font-mono text-xs">
      <p class="tenant-text font-semibold text-bad">{message}</p>
      {rest && (
        <pre class="tenant-text mt-1 text-muted">
          <LinkedPlaces text={rest} />
        </pre>
      )}
    </div>
  )
}

export function LinkedPlaces({ text }: { text: string }) {
  const { hasFile } = usePlayground()
  const parts = []
  let end = 0
  for (const match of text.matchAll(PLACE)) {
    const [whole, path = '', line, column] = match
    const file = path.replace(/^\.?\//, '')
    if (!hasFile.value.has(file)) continue
    parts.push(text.slice(end, match.index), <PlaceLink key={match.index} file={file} line={Number(line)} column={Number(column ?? 1)} words={whole} />)
    end = match.index + whole.length
  }
  return (
    <>
      {parts}
      {text.slice(end)}
    </>
  )
}

interface PlaceLinkProps {
  file: string
  line: number
  column: number
  words: string
}

export function PlaceLink({ file, line, column, words }: PlaceLinkProps) {
  const { goTo, hasFile } = usePlayground()
  if (!hasFile.value.has(file)) return <span>{words}</span>
  return (
    <button type="button" class="rounded-sm font-mono text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent" onClick={() => goTo({ file, line, column })}>
      {words}
    </button>
  )
}
