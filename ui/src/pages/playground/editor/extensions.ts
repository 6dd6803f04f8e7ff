// What the code editor can do: the CodeMirror extensions that every file shares. Its looks are `theme.ts`, its place in the
// page is `Editor.tsx`.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import { json } from '@codemirror/lang-json'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language'
import { lintGutter, lintKeymap } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState, Prec, type Extension } from '@codemirror/state'
import {
  drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
  rectangularSelection,
} from '@codemirror/view'
import { runtimeTypes } from './runtimeTypes'
import { editorTheme } from './theme'

interface EditorActions {
  run: () => void
  save: () => void
  deploy: () => void
  /** Called with the whole text after each change. */
  changed: (text: string) => void
  /** Names that the code finds in `env`. */
  variables: () => string[]
}

export function editorExtensions(file: string, actions: EditorActions): Extension {
  const keys = [
    { key: 'Mod-Enter', run: () => (actions.run(), true) },
    { key: 'Mod-Shift-d', run: () => (actions.deploy(), true) },
    { key: 'Mod-s', run: () => (actions.save(), true) },
  ]
  return [
    Prec.highest(keymap.of(keys)),
    nonce(),
    lintGutter(),
    lineNumbers(),
    foldGutter(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    EditorState.allowMultipleSelections.of(true),
    EditorState.tabSize.of(2),
    indentUnit.of('  '),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    rectangularSelection(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    languageOf(file, actions.variables),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
    editorTheme,
    EditorView.contentAttributes.of({
      'aria-label': `Code of ${file}`,
      tabindex: '0',
      'aria-description': 'Press Escape, then Tab, to leave the editor.',
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) actions.changed(update.state.doc.toString())
    }),
  ]
}

/** By the ending of the name, as the host has it. */
function languageOf(file: string, variables: () => string[]): Extension {
  const ending = file.slice(file.lastIndexOf('.') + 1)
  if (ending === 'json') return json()
  if (!/^(?:[mc]?js|jsx|m?ts|tsx)$/.test(ending)) return EditorView.lineWrapping
  const typescript = ending.endsWith('ts') || ending === 'tsx'
  return [javascript({ typescript, jsx: ending.endsWith('x') || ending === 'js' }), runtimeTypes(variables)]
}

/** CodeMirror brings its styles as an element of its own, which the page's CSP lets in by the response's nonce. */
function nonce(): Extension {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')
  return meta?.content ? EditorView.cspNonce.of(meta.content) : []
}
