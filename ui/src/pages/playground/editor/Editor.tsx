// CodeMirror in the page: one view, one editor state per file, so that undo, selection and folds survive switching tabs.
// What the editor can do is `extensions.ts`; the texts themselves belong to the draft.
import { setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { EditorState, type Text } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { CodeProblem } from '../state/runView'
import { usePlayground } from '../state/playground'
import { editorExtensions } from './extensions'

export function Editor() {
  const { draft, checker, deploying, target, run } = usePlayground()
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const states = useRef(new Map<string, EditorState>())
  const shown = useRef({ file: '', generation: -1 })

  const deploy = (): void => void (deploying.value = true)

  const stateOf = (file: string): EditorState => {
    const text = draft.modules.peek()[file] ?? ''
    const kept = states.current.get(file)
    if (kept && kept.doc.toString() === text) return kept
    const changed = (next: string): void => draft.setText(file, next)
    const variables = (): string[] => draft.env.peek().map(([name]) => name)
    return EditorState.create({ doc: text, extensions: editorExtensions(file, { run, save: draft.save, deploy, changed, variables }) })
  }

  useEffect(() => {
    if (!host.current) return
    const file = draft.activeFile.peek()
    // With a whole state from the first moment: the view adds its style element as it is made, and takes the nonce from there.
    const created = new EditorView({ parent: host.current, state: stateOf(file) })
    view.current = created
    shown.current = { file, generation: draft.generation.peek() }
    mark(created, checker.problems.peek(), file)
    return () => {
      view.current = null
      created.destroy()
    }
  }, [])

  // Shows the active file: on a click on its tab, after a rename, and when the whole draft was replaced.
  useSignalEffect(() => {
    const file = draft.activeFile.value
    const generation = draft.generation.value
    const editor = view.current
    if (!editor || (shown.current.file === file && shown.current.generation === generation)) return
    if (shown.current.generation !== generation) states.current.clear()
    else states.current.set(shown.current.file, editor.state)
    shown.current = { file, generation }
    editor.setState(stateOf(file))
    mark(editor, checker.problems.peek(), file)
  })

  useSignalEffect(() => {
    const problems = checker.problems.value
    if (view.current) mark(view.current, problems, draft.activeFile.peek())
  })

  useSignalEffect(() => {
    const place = target.value
    const editor = view.current
    if (!place || !editor || draft.activeFile.peek() !== place.file) return
    const at = offsetOf(editor.state.doc, place.line, place.column)
    editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) })
    // On a phone the editor's pane has just been asked for and is not there yet.
    requestAnimationFrame(() => editor.focus())
  })

  return <div ref={host} class="h-full min-h-0 overflow-hidden" data-testid="editor" />
}

function mark(editor: EditorView, problems: CodeProblem[], file: string): void {
  const diagnostics = problems.filter((problem) => problem.file === file).map((problem) => diagnosticOf(editor.state.doc, problem))
  editor.dispatch(setDiagnostics(editor.state, diagnostics))
}

function diagnosticOf(doc: Text, problem: CodeProblem): Diagnostic {
  const from = offsetOf(doc, problem.line, problem.column)
  const line = doc.lineAt(from)
  const word = /^[\w$]+|^./.exec(line.text.slice(from - line.from))?.[0] ?? ''
  const to = Math.min(from + (problem.length || word.length), doc.length)
  const message = problem.help ? `${problem.message}\n${problem.help}` : problem.message
  return { from, to, severity: problem.severity ?? 'error', message, source: problem.file }
}

/** Lines and columns count from 1; places beyond the text (it may have been edited meanwhile) come back to its end. */
function offsetOf(doc: Text, lineNumber: number, column: number): number {
  const line = doc.line(Math.min(Math.max(lineNumber, 1), doc.lines))
  return Math.min(line.from + Math.max(column - 1, 0), line.to)
}
