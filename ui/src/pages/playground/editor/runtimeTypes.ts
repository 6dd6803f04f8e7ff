// Completion and hover from the runtime's own types: globals, members, the names in `env`. What the types say is `runtime/catalog.ts`;
// whose member it is, is a guess of `runtime/infer.ts`. Everything shown is a text node.
import { snippetCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { javascriptLanguage, localCompletionSource, tsxLanguage, typescriptLanguage, jsxLanguage } from '@codemirror/lang-javascript'
import type { Extension } from '@codemirror/state'
import { hoverTooltip } from '@codemirror/view'
import { catalog, membersOf, type Entry } from '../../../runtime/catalog'
import { guessAt, memberAt } from '../../../runtime/infer'

const KINDS: Record<Entry['kind'], string> = { class: 'class', interface: 'interface', function: 'function', variable: 'variable', type: 'type' }

const SNIPPETS: Completion[] = [
  snippetCompletion('export default {\n  async fetch(request, env, ctx) {\n    ${return new Response("hello")}\n  },\n}\n', { label: 'handler', detail: 'the function itself', type: 'keyword' }),
  snippetCompletion('return Response.json(${value})', { label: 'returnjson', detail: 'answer with JSON', type: 'keyword' }),
]

export function runtimeTypes(variables: () => string[]): Extension {
  const source = (context: CompletionContext): CompletionResult | null => complete(context, variables)
  const languages = [javascriptLanguage, jsxLanguage, typescriptLanguage, tsxLanguage]
  return [languages.map((language) => [language.data.of({ autocomplete: source }), language.data.of({ autocomplete: localCompletionSource })]), hover]
}

function complete(context: CompletionContext, variables: () => string[]): CompletionResult | null {
  const member = context.matchBefore(/\??\.[\w$]*$/)
  const code = context.state.doc.toString()
  if (member) {
    const from = member.from + member.text.lastIndexOf('.') + 1
    const before = code.slice(0, member.from)
    if (/\benv$/.test(before)) return { from, options: variables().map((label) => ({ label, type: 'property', detail: 'variable' })), validFor: /^[\w$]*$/ }
    const owner = guessAt(before, code)
    if (!owner) return null
    const options = membersOf(owner.type)
      .filter((each) => each.isStatic === owner.isStatic)
      .map(({ name, signature, isMethod, doc }) => ({ label: name, type: isMethod ? 'method' : 'property', detail: short(signature), info: about(signature, doc) }))
    return options.length === 0 ? null : { from, options, validFor: /^[\w$]*$/ }
  }
  const word = context.matchBefore(/[\w$]+$/)
  if (!word && !context.explicit) return null
  return { from: word?.from ?? context.pos, options: globals(), validFor: /^[\w$]*$/ }
}

let globalOptions: Completion[] | null = null

function globals(): Completion[] {
  globalOptions ??= [
    ...SNIPPETS,
    ...[...catalog().values()]
      .filter(({ kind }) => kind === 'class' || kind === 'function' || kind === 'variable')
      .map(({ name, kind, signature, doc }) => ({ label: name, type: KINDS[kind], info: about(signature, doc) })),
  ]
  return globalOptions
}

const hover = hoverTooltip((view, at) => {
  const line = view.state.doc.lineAt(at)
  const before = /[\w$]*$/.exec(line.text.slice(0, at - line.from))?.[0] ?? ''
  const after = /^[\w$]*/.exec(line.text.slice(at - line.from))?.[0] ?? ''
  const name = before + after
  if (name === '') return null
  const from = at - before.length
  const code = view.state.doc.toString()
  const dotted = code[from - 1] === '.'
  const found = dotted ? memberAt(code.slice(0, from - (code[from - 2] === '?' ? 2 : 1)), name, code) : catalog().get(name)
  if (!found) return null
  return { pos: from, end: from + name.length, above: true, create: () => ({ dom: about(found.signature, found.doc)() }) }
}, { hoverTime: 250 })

function about(signature: string, doc: string | null): () => HTMLElement {
  return () => {
    const box = document.createElement('div')
    box.className = 'cm-type-info'
    const head = document.createElement('code')
    head.textContent = signature
    box.append(head)
    if (doc !== null) {
      const text = document.createElement('p')
      text.textContent = doc
      box.append(text)
    }
    return box
  }
}

/** What stands behind a name in the list: parameters and result, as far as they fit. */
function short(signature: string): string {
  const rest = signature.replace(/^(?:static |readonly )*[\w$]+\??/, '')
  return rest.length > 48 ? `${rest.slice(0, 47)}…` : rest
}
