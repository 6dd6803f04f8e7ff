// A guess at the type of an expression that ends where the cursor is, good enough for completion: follows names to where they were set,
// calls and properties through the catalog. Says nothing rather than something wrong.
import { catalog, membersOf, type Member } from './catalog'

export interface Guess {
  /** A name of the catalog, or of a built-in like `string`. */
  type: string
  /** The class itself rather than one of its instances. */
  isStatic: boolean
}

/** `name`, `name(…)`, `new Name(…)`, each followed by `.name`, `?.name`, `(…)` or `[…]`. */
const CHAIN_END = /((?:await\s+)?(?:new\s+)?[\w$]+(?:\([^()]*\)|\[[^\][]*\]|\??\.[\w$]+)*)\s*$/

/** How far back names are looked up, and how long a chain of them may be: the text is whatever the reader types. */
const DEPTH = 6

export function guessAt(before: string, code: string): Guess | null {
  const chain = CHAIN_END.exec(before.slice(-300))?.[1]
  return chain === undefined ? null : guess(chain, code, DEPTH)
}

export function memberAt(before: string, name: string, code: string): Member | null {
  const owner = guessAt(before, code)
  if (!owner) return null
  return membersOf(owner.type).find((member) => member.name === name && member.isStatic === owner.isStatic) ?? null
}

function guess(expression: string, code: string, depth: number): Guess | null {
  if (depth === 0) return null
  const awaited = /^await\s+/.test(expression)
  const parts = expression.replace(/^await\s+/, '').match(/^(?:new\s+)?[\w$]+(?:\([^()]*\))?|\??\.[\w$]+|\([^()]*\)|\[[^\][]*\]/g)
  if (!parts) return null
  let now = first(parts[0] ?? '', code, depth)
  for (const part of parts.slice(1)) {
    if (!now) return null
    if (part.startsWith('(')) continue
    if (part.startsWith('[')) return null
    const name = part.replace(/^\??\./, '')
    const isStatic: boolean = now.isStatic
    const member: Member | undefined = membersOf(now.type).find((each) => each.name === name && each.isStatic === isStatic)
    now = member ? named(member.type) : null
  }
  return awaited && now ? unpromised(now) : now
}

function first(part: string, code: string, depth: number): Guess | null {
  const made = /^new\s+([\w$]+)/.exec(part)
  if (made) return { type: made[1] ?? '', isStatic: false }
  const name = /^[\w$]+/.exec(part)?.[0] ?? ''
  const called = part.includes('(')
  return local(name, code, depth) ?? global(name, called)
}

function global(name: string, called: boolean): Guess | null {
  const entry = catalog().get(name)
  if (!entry) return null
  if (entry.kind === 'class') return { type: name, isStatic: true }
  if (entry.kind === 'variable' || (entry.kind === 'function' && called)) return named(entry.type)
  return null
}

/** The handler's own parameters, by what they are called everywhere; then whatever the name was set to last. */
const PARAMETERS: Record<string, string> = { request: 'Request', req: 'Request', ctx: 'ExecutionContext' }

function local(name: string, code: string, depth: number): Guess | null {
  const typed = new RegExp(`\\b${name.replaceAll('$', '\\$')}\\s*:\\s*([A-Z]\\w*)`).exec(code)
  if (typed?.[1] !== undefined && catalog().has(typed[1])) return { type: typed[1], isStatic: false }
  const set = new RegExp(`\\b(?:const|let|var)\\s+${name.replaceAll('$', '\\$')}\\s*=\\s*([^\\n;]{1,200})`).exec(code)
  const value = set?.[1] === undefined ? null : /^(?:await\s+)?(?:new\s+)?[\w$]+(?:\([^()]*\)|\??\.[\w$]+)*/.exec(set[1])?.[0]
  if (value && value !== name) return guess(value, code, depth - 1)
  const known = PARAMETERS[name]
  return known === undefined ? null : { type: known, isStatic: false }
}

/** `Headers` of `Headers | null`; what is no single name stays unknown. */
function named(type: string): Guess | null {
  const bare = type.replace(/\s*\|\s*(?:null|undefined)\b/g, '').replace(/^readonly /, '')
  const promise = /^Promise<(.*)>$/.exec(bare)
  if (promise) return { type: `Promise<${promise[1] ?? ''}>`, isStatic: false }
  const name = /^[\w$]+/.exec(bare)?.[0]
  return name === undefined || /[|&]/.test(bare.replaceAll(/<.*>/g, '')) ? null : { type: name, isStatic: false }
}

function unpromised(now: Guess): Guess | null {
  const inner = /^Promise<(.*)>$/.exec(now.type)?.[1]
  return inner === undefined ? now : named(inner)
}
