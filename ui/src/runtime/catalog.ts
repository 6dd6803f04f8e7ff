// What tenant code finds in isolet, read from the runtime's type declarations (`types.txt`, the same file as guest-sdk/types/index.d.ts):
// for completion and hover in the editor and for the reference in the docs. Reads that one file's own style; it is no TypeScript parser.
import source from './types.txt?raw'

export interface Member {
  name: string
  /** As declared, on one line. */
  signature: string
  /** The type of a property, or of what a method gives. */
  type: string
  isMethod: boolean
  isStatic: boolean
  doc: string | null
}

export interface Entry {
  name: string
  kind: 'class' | 'interface' | 'function' | 'variable' | 'type'
  signature: string
  /** The type of a variable, or of what a function gives. */
  type: string
  parent: string | null
  members: Member[]
  doc: string | null
  /** The heading that it stands under. */
  section: string
}

let parsed: Map<string, Entry> | null = null

export function catalog(): Map<string, Entry> {
  parsed ??= parseTypes(source)
  return parsed
}

/** Own members first, then those of the types that it extends. */
export function membersOf(typeName: string): Member[] {
  const all: Member[] = []
  const seen = new Set<string>()
  for (let entry = catalog().get(typeName); entry; entry = entry.parent === null ? undefined : catalog().get(entry.parent)) {
    for (const member of entry.members) {
      const key = `${member.isStatic} ${member.name}`
      if (!seen.has(key)) all.push(member)
      seen.add(key)
    }
  }
  return all
}

const HEAD = /^(?:declare )?(class|interface|function|var|const|type) ([\w$]+)(.*)$/

function parseTypes(text: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  let section = ''
  for (const block of blocksOf(text.split('\n'), (line) => HEAD.test(line))) {
    section = block.section ?? section
    const first = block.lines[0] ?? ''
    const [, word = '', name = '', rest = ''] = HEAD.exec(first) ?? []
    // Overloads: the first says what it is.
    if (name === '' || entries.has(name)) continue
    const isBlock = word === 'class' || word === 'interface'
    const whole = joined(block.lines)
    entries.set(name, {
      name,
      kind: word === 'var' || word === 'const' ? 'variable' : (word as Entry['kind']),
      signature: isBlock ? first.replace(/^declare /, '').replace(/ \{\}?$/, '') : whole.replace(/^declare /, '').replace(/;$/, ''),
      type: resultType(whole.slice(whole.indexOf(name) + name.length)),
      parent: / extends ([\w$]+)/.exec(rest.replace(/^<[^{]*?>(?= |$)/, ''))?.[1] ?? null,
      members: isBlock ? membersIn(block.lines.slice(1, -1)) : [],
      doc: block.doc,
      section,
    })
  }
  return entries
}

function membersIn(lines: string[]): Member[] {
  const members: Member[] = []
  const dedented = lines.map((line) => line.replace(/^ {2}/, ''))
  for (const { lines: own, doc } of blocksOf(dedented, (line) => /^[\w$]/.test(line))) {
    const signature = joined(own).replace(/;$/, '')
    const match = /^((?:static |readonly |get |set )*)([\w$]+)\??(?=[(<:])/.exec(signature)
    if (!match || signature.startsWith('private ') || signature.startsWith('protected ')) continue
    const [head, modifiers = '', name = ''] = match
    const rest = signature.slice(head.length)
    if (name === 'constructor' || members.some((other) => other.name === name)) continue
    members.push({ name, signature, type: resultType(rest), isMethod: !rest.startsWith(':'), isStatic: modifiers.includes('static '), doc })
  }
  return members
}

interface Block {
  lines: string[]
  doc: string | null
  section: string | null
}

/** Declarations with all their lines, told by a line that begins one; comments before it are its own. */
function blocksOf(lines: string[], begins: (line: string) => boolean): Block[] {
  const blocks: Block[] = []
  let doc: string[] = []
  let section: string | null = null
  let open: Block | null = null
  for (const line of lines) {
    const heading = /^\/\/ -+ (.*)$/.exec(line)
    if (heading) section = heading[1] ?? null
    if (open && (/^[\s})]/.test(line) || line.startsWith('|'))) {
      open.lines.push(line)
      continue
    }
    open = null
    if (/^\/?\*/.test(line.trim())) {
      doc.push(line.trim().replace(/^\/\*\*? ?|^\* ?|\s*\*\/$/g, ''))
    } else if (begins(line)) {
      open = { lines: [line], doc: doc.length > 0 ? doc.join(' ').trim() : null, section }
      blocks.push(open)
      doc = []
      if (line.endsWith(';')) open = null
    }
  }
  return blocks
}

function joined(lines: string[]): string {
  return lines.map((line) => line.trim()).join(' ').replaceAll(/\( /g, '(').replaceAll(/,? \)/g, ')').trim()
}

/** What follows the last colon outside of brackets. */
function resultType(rest: string): string {
  let depth = 0
  let at = -1
  for (const [index, character] of [...rest].entries()) {
    if ('([{<'.includes(character)) depth += 1
    else if (')]}'.includes(character) || (character === '>' && rest[index - 1] !== '=')) depth -= 1
    else if (character === ':' && depth === 0) at = index
  }
  return rest.slice(at + 1).replace(/;$/, '').trim()
}
