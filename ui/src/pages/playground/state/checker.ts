// What is wrong with the code while it is being written: asks the server a moment after the last key, runs nothing. The faults of a run
// are `runner.ts`.
import { computed, effect, signal } from '@preact/signals'
import { checkCode } from '../../../api/resources'
import type { Finding, Modules } from '../../../api/types'
import { codeOf, optionsOf, type Beside } from './code'
import type { Draft } from './draft'
import type { Runner } from './runner'
import type { CodeProblem } from './runView'

const DELAY_MS = 350

export type Checker = ReturnType<typeof createChecker>

export function createChecker(draft: Draft, runner: Runner) {
  const checked = signal<{ modules: Modules; findings: CodeProblem[] } | null>(null)

  /** Starts asking after each change; returns what ends it. */
  const keepChecking = (): (() => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let asking: AbortController | null = null
    const ask = async (modules: Modules, main: string, beside: Beside): Promise<void> => {
      asking?.abort()
      const mine = new AbortController()
      asking = mine
      try {
        const { diagnostics } = await checkCode({ ...codeOf(modules, main, beside), ...optionsOf(beside) }, mine.signal)
        checked.value = { modules, findings: diagnostics.map((finding) => problemOf(finding, main)) }
      } catch {
        // No right to ask, too many questions, no answer: whoever runs the code learns of it there.
        if (asking === mine) checked.value = null
      }
    }
    const stop = effect(() => {
      const modules = draft.modules.value
      const main = draft.mainModule.value
      const beside = draft.beside.value
      clearTimeout(timer)
      // An empty editor is no mistake.
      if ((modules[main] ?? '').trim() === '') {
        checked.value = null
        return
      }
      timer = setTimeout(() => void ask(modules, main, beside), DELAY_MS)
    })
    return () => {
      stop()
      clearTimeout(timer)
      asking?.abort()
    }
  }

  /** Faults found without running come first; a run's own are not said twice. */
  const problems = computed<CodeProblem[]>(() => {
    const found = checked.value?.findings ?? []
    const ran = runner.problems.value.filter((problem) => !found.some((other) => other.file === problem.file && other.line === problem.line && other.message === problem.message))
    return [...found, ...ran]
  })

  return { problems, keepChecking }
}

function problemOf(finding: Finding, main: string): CodeProblem {
  return {
    file: finding.file ?? main,
    line: finding.line ?? 1,
    column: finding.column ?? 1,
    length: finding.length,
    severity: finding.severity,
    help: finding.help,
    message: finding.message,
  }
}
