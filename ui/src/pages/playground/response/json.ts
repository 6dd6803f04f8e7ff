// JSON laid out for reading, piece by piece for colouring. Works on the text itself, not on parsed values: numbers keep every
// digit, keys keep their order and repetition.

export type JsonPiece = [kind: 'key' | 'string' | 'number' | 'word' | 'plain', text: string]

/** Beyond this colouring costs more than it gives: the text view serves. */
const PRETTY_LIMIT = 200_000

/** Indentation grows with the square of the depth: a short body of brackets alone must not fill the reader's memory. */
const DEPTH_LIMIT = 100

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g

/** `null` when the text is no JSON object or array, too large or too deep. */
export function prettyJson(text: string): JsonPiece[] | null {
  if (text.length > PRETTY_LIMIT || !/^\s*[{[]/.test(text)) return null
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  const tokens = text.match(TOKEN) ?? []
  const pieces: JsonPiece[] = []
  let depth = 0
  const newLine = (): number => pieces.push(['plain', `\n${'  '.repeat(depth)}`])
  for (const [at, token] of tokens.entries()) {
    const next = tokens[at + 1]
    if (token === '{' || token === '[') {
      pieces.push(['plain', token])
      const closes = next === '}' || next === ']'
      depth += 1
      if (depth > DEPTH_LIMIT) return null
      if (!closes) newLine()
    } else if (token === '}' || token === ']') {
      depth -= 1
      const before = tokens[at - 1]
      if (before !== '{' && before !== '[') newLine()
      pieces.push(['plain', token])
    } else if (token === ',') {
      pieces.push(['plain', ','])
      newLine()
    } else if (token === ':') {
      pieces.push(['plain', ': '])
    } else {
      pieces.push([kindOf(token, next), token])
    }
  }
  return pieces
}

function kindOf(token: string, next: string | undefined): JsonPiece[0] {
  if (token.startsWith('"')) return next === ':' ? 'key' : 'string'
  return /^[tfn]/.test(token) ? 'word' : 'number'
}
