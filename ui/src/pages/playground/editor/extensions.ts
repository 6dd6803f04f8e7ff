// What the code editor can do: the CodeMirror extensions that every file shares. Its looks are `theme.ts`, its place in the
// page is `Editor.tsx`.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language'
import { lintGutter, lintKeymap } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState, Prec, type Extension } from '@codemirror/state'
import {
  drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
  rectangularSelection,
} from '@codemirror/view'
import { editorTheme } from './theme'

interface EditorActions {
  run: () => void
  save: () => void
  /** Called with the whole text after each change. */
  changed: (text: string) => void
}

export function editorExtensions(label: string, actions: EditorActions): Extension {
  const keys = [
    { key: 'Mod-Enter', run: () => (actions.run(), true) },
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
    javascript(),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
    editorTheme,
    EditorView.contentAttributes.of({
      'aria-label': label,
      tabindex: '0',
      'aria-description': 'Press Escape, then Tab, to leave the editor.',
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) actions.changed(update.state.doc.toString())
    }),
  ]
}

/** CodeMirror brings its styles as an element of its own, which the page's CSP lets in by the response's nonce. */
function nonce(): Extension {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')
  return meta?.content ? EditorView.cspNonce.of(meta.content) : []
}
