// A change of texts, file by file, as unified lines: of the server's diff of two versions, and of texts that are compared here.
import { structuredPatch } from 'diff'
import { Badge } from './Badge'

export interface FileChange {
  name: string
  status: 'added' | 'removed' | 'changed' | 'unchanged'
  added: number
  removed: number
  /** Lines with ` `, `+`, `-` or `@@` in front; `null` with the reason in `omitted`. */
  unified: string | null
  omitted?: string | null
}

/** More is no reading matter, and the comparison's time grows with the square of the changes. */
const COMPARED_CHARACTERS = 400_000
const COMPARED_EDITS = 4000

/** `null` stands for a file that is not there. */
export function changeOf(name: string, before: string | null, after: string | null): FileChange {
  const status = before === null ? 'added' : after === null ? 'removed' : before === after ? 'unchanged' : 'changed'
  if ((before?.length ?? 0) + (after?.length ?? 0) > COMPARED_CHARACTERS) return { name, status, added: 0, removed: 0, unified: null, omitted: 'too long to compare' }
  const patch = structuredPatch(name, name, before ?? '', after ?? '', '', '', { context: 3, maxEditLength: COMPARED_EDITS })
  if (patch === undefined) return { name, status, added: 0, removed: 0, unified: null, omitted: 'too different to compare' }
  const lines = patch.hunks.flatMap((hunk) => [`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`, ...hunk.lines.filter((line) => !line.startsWith('\\'))])
  const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length
  return { name, status, added: count('+'), removed: count('-'), unified: lines.join('\n') }
}

export function changesOf(before: Record<string, string>, after: Record<string, string>): FileChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.map((name) => changeOf(name, before[name] ?? null, after[name] ?? null)).filter(({ status }) => status !== 'unchanged')
}

export function DiffView({ changes, nothing }: { changes: FileChange[]; nothing: string }) {
  if (changes.length === 0) return <p class="py-3 text-sm text-muted">{nothing}</p>
  return (
    <div class="flex flex-col gap-3" data-testid="diff">
      {changes.map((change) => (
        <FileDiff key={change.name} change={change} />
      ))}
    </div>
  )
}

const TONES = { added: 'ok', removed: 'bad', changed: 'note', unchanged: 'plain' } as const

function FileDiff({ change }: { change: FileChange }) {
  return (
    <section aria-label={change.name} class="overflow-hidden rounded-lg border border-line">
      <div class="flex items-center gap-2 border-b border-line bg-canvas px-3 py-1.5 text-xs">
        <span class="tenant-text min-w-0 flex-1 truncate font-mono font-medium">{change.name}</span>
        <Badge tone={TONES[change.status]}>{change.status}</Badge>
        <span class="text-ok tabular-nums">+{change.added}</span>
        <span class="text-bad tabular-nums">−{change.removed}</span>
      </div>
      {change.unified === null ? (
        <p class="px-3 py-2 text-xs text-muted">Not shown: {change.omitted ?? 'no text'}.</p>
      ) : (
        // Focusable, so that the keyboard can scroll it.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre class="max-h-96 overflow-auto py-1 font-mono text-xs leading-5" tabIndex={0} role="group" aria-label={`Changes of ${change.name}`}>
          {change.unified.split('\n').map((line, at) => (
            // Lines repeat; only the place identifies one.
            // oxlint-disable-next-line react/no-array-index-key
            <div key={at} class={`px-3 ${lookOf(line)}`}>
              {line === '' ? ' ' : line}
            </div>
          ))}
        </pre>
      )}
    </section>
  )
}

function lookOf(line: string): string {
  if (line.startsWith('@@')) return 'bg-raised text-muted'
  if (line.startsWith('+')) return 'bg-ok-soft'
  if (line.startsWith('-')) return 'bg-bad-soft'
  return ''
}
