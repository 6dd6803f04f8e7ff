type Operator = '+' | '-' | '*' | '/'
type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'operation'; operator: Operator; left: Expression; right: Expression }

const levels: readonly (readonly Operator[])[] = [['+', '-'], ['*', '/']]

export function parse(text: string): Expression {
  const tokens = text.match(/\d+(\.\d+)?|[-+*/()]/g) ?? []
  const expression = level(tokens, 0)
  if (tokens.length > 0) throw new SyntaxError(`did not expect ${tokens[0]}`)
  return expression
}

function level(tokens: string[], depth: number): Expression {
  const operators = levels[depth]
  if (operators === undefined) return term(tokens)
  let left = level(tokens, depth + 1)
  while (operators.includes(tokens[0] as Operator)) {
    const operator = tokens.shift() as Operator
    left = { kind: 'operation', operator, left, right: level(tokens, depth + 1) }
  }
  return left
}

function term(tokens: string[]): Expression {
  const token = tokens.shift()
  if (token === '(') {
    const inner = level(tokens, 0)
    if (tokens.shift() !== ')') throw new SyntaxError('a bracket is not closed')
    return inner
  }
  const value = Number(token)
  if (Number.isNaN(value)) throw new SyntaxError(`did not expect ${token ?? 'the end'}`)
  return { kind: 'number', value }
}

export function evaluate(expression: Expression): number {
  if (expression.kind === 'number') return expression.value
  const [left, right] = [evaluate(expression.left), evaluate(expression.right)]
  switch (expression.operator) {
    case '+': return left + right
    case '-': return left - right
    case '*': return left * right
    case '/': return left / right
  }
}
