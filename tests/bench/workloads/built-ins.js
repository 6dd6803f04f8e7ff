// What only the engine's own built-ins do, `n` times in a request: each entry has a set-up, which runs before any request, and one turn
// that gives a number. What limits isolet in each is said beside it, for the report.

const rows = `const rows = []
for (let at = 0; at < 9700; at++) rows.push({ id: at, name: 'name ' + at % 97, tags: ['a' + at % 7, 'b'], price: at * 1.25, open: at % 3 === 0, at: { city: 'Zürich', zip: null } })
`
const log = `const lines = []
for (let n = 0; n < 2000; n++) lines.push('2026-11-' + String(1 + n % 28).padStart(2, '0') + ' user' + n % 83 + '@example' + n % 11 + '.org GET /a/' + n * 7919 % 1000 + '?x=' + n + ' 200 ' + n % 977 + 'ms')
const text = lines.join('\\n')
`
const numbers = `let state = 20261122
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0)
const values = Array.from({ length: 20000 }, random)
const words = Array.from({ length: 5000 }, () => random().toString(36))
`

export const builtIns = [
  {
    name: 'JSON.parse of 1 MB', turns: 8, goal: 5, limit: 'allocating 30,000 objects and arrays and 50,000 strings',
    setUp: `${rows}const text = JSON.stringify(rows)`, turn: 'JSON.parse(text).length',
  },
  {
    name: 'JSON.stringify of 1 MB', turns: 8, goal: 5, limit: 'walking 80,000 values, one at a time, without vector instructions',
    setUp: rows, turn: 'JSON.stringify(rows).length',
  },
  {
    name: 'regular expressions over 120 KB', turns: 2, goal: 10, limit: 'a backtracking interpreter of bytecode; V8 compiles expressions to machine code',
    setUp: log, turn: `text.match(/\\b[\\w.]+@[\\w.]+\\.org\\b/g).length + text.replace(/(\\d{4})-(\\d\\d)-(\\d\\d)/g, '$3.$2.$1').length
      + lines.filter((line) => /^\\S+ \\S+ (GET|POST) \\/a\\/(\\d+)\\?x=(\\d+) 200 (?:[1-9]\\d{2,})ms$/.test(line)).length`,
  },
  {
    name: 'sort of 20,000 numbers by a function', turns: 4, goal: 3, limit: 'the comparison: some 250,000 calls of interpreted code',
    setUp: numbers, turn: 'values.slice().sort((a, b) => a - b)[7]',
  },
  {
    name: 'sort of 5,000 strings', turns: 8, goal: 3, limit: 'comparing strings character by character',
    setUp: numbers, turn: 'words.slice().sort()[7].length',
  },
]

/** The function that takes so many turns, and the answers it gives. */
export function workload({ name, setUp, turn }, turns) {
  const source = `const tag = '@@@@TAG@@@@'\n${setUp}\nexport default { fetch(request) {
    const n = Number(new URL(request.url).searchParams.get('q'))
    let sum = 0
    for (let at = 0; at < n; at++) sum += ${turn}
    return new Response(tag + ' ' + sum) } }`
  // The same in this process: its answer is the one that is wanted.
  const native = new Function('turns', `${setUp}\nlet sum = 0\nfor (let at = 0; at < turns; at++) sum += ${turn}\nreturn sum`)
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 20).replace(/-$/, '')
  const request = { method: 'GET', path: `/?q=${turns}` }
  return { name: slug, source, requests: [request], answers: [`@@@@TAG@@@@ ${native(turns)}`] }
}
