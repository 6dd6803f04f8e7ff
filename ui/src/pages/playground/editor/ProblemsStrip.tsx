// The faults found in the code, beneath the editor: each takes the cursor to its place. Marks in the text are the editor's.
import { Icon } from '../../../components/Icon'
import { plural } from '../../../text/format'
import { usePlayground } from '../state/playground'

export function ProblemsStrip() {
  const { checker, goTo } = usePlayground()
  const problems = checker.problems.value
  if (problems.length === 0) return null
  return (
    <section aria-label="Problems" class="max-h-40 shrink-0 overflow-y-auto border-t border-line bg-bad-soft" data-testid="problems">
      <h3 class="sr-only">{plural(problems.length, 'problem')}</h3>
      <ul>
        {problems.map((problem) => (
          <li key={`${problem.file}:${problem.line}:${problem.column}:${problem.message}`}>
            <button type="button" onClick={() => goTo(problem)} class="flex w-full items-start gap-2 px-3 py-1.5 text-left text-xs -outline-offset-2 hover:bg-bad/10">
              <span class={`mt-0.5 ${problem.severity === 'warning' ? 'text-warn' : 'text-bad'}`}>
                <Icon name={problem.severity === 'warning' ? 'warn' : 'bad'} size={14} />
              </span>
              <span class="tenant-text min-w-0 flex-1 font-medium">
                {problem.message}
                {problem.help && <span class="font-normal text-muted"> – {problem.help}</span>}
              </span>
              <span class="shrink-0 font-mono text-accent underline-offset-2 hover:underline">
                {problem.file}:{problem.line}:{problem.column}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
