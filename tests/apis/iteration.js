// Loops and iterators that are left early, spread, and the order that sorting asks in: what QuickJS has otherwise and the patches mend.
import { handler, same, thrown } from './checks.js'

let log = []
const later = async (turns = 3) => { for (let i = 0; i < turns; i++) await null }
async function* rows() {
  try {
    yield 1
    yield 2
    yield 3
  } finally {
    await later()
    log.push('closed')
  }
}
const asynchronous = ({ failing = () => {}, ...rest } = {}) => {
  let n = 0
  const next = async () => (await failing(n), { value: n++, done: n > 3 })
  const leave = async () => (log.push('return'), {})
  return { [Symbol.asyncIterator]() { return this }, next, return: 'leave' in rest ? rest.leave : leave }
}
const fail = (message) => { throw new Error(message) }

/** What `run` noted, and then what it gave or threw. */
const noted = async (run) => {
  log = []
  try {
    log.push(await run())
  } catch (error) {
    log.push(error.message)
  }
  return log
}

const leaving = [
  [async () => { for await (const r of rows()) if (r === 2) break; return 'after' }, ['closed', 'after']],
  [async () => { for await (const r of rows()) return r }, ['closed', 1]],
  [async () => { for await (const r of rows()) fail(`at ${r}`) }, ['closed', 'at 1']],
  [async () => { for await (const r of rows()) { if (r === 1) continue; log.push(r) } }, [2, 3, 'closed', undefined]],
  [async () => { outer: for (const a of [1, 2]) for await (const r of rows()) { log.push(a * 10 + r); if (r === 2) continue outer } return 'end' },
    [11, 12, 'closed', 21, 22, 'closed', 'end']],
  [async () => { outer: for await (const a of rows()) for await (const r of rows()) { log.push(a * 10 + r); if (a === 2) break outer; if (r === 2) continue outer } },
    [11, 12, 'closed', 21, 'closed', 'closed', undefined]],
  [async () => { for await (const r of rows()) try { if (r === 2) return 'out' } finally { await later(1); log.push(`finally ${r}`) } },
    ['finally 1', 'finally 2', 'closed', 'out']],
  [async () => { for await (const r of rows()) switch (r) { case 2: return 'two' } }, ['closed', 'two']],
  [async () => { const made = []; for await (const r of rows()) made.push(() => r); return made.map((one) => one()).join() }, ['closed', '1,2,3']],
  [async () => { for await (const _ of asynchronous()); return 'end' }, ['end']],
  [async () => { for await (const _ of asynchronous()) break; return 'left' }, ['return', 'left']],
  [async () => { for await (const _ of asynchronous({ leave: undefined })) break; return 'left' }, ['left']],
  [async () => { for await (const _ of asynchronous({ failing: (n) => n === 1 && fail('next') })); }, ['next']],
  [async () => { for await (const { a: { b } } of asynchronous()); }, ['return', 'Cannot convert undefined or null to object']],
  [async () => { for await (const _ of asynchronous({ leave: async () => 5 })) break }, ['not an object']],
  [async () => { for await (const _ of asynchronous({ leave: async () => fail('return') })) break }, ['return']],
  [async () => { for await (const _ of asynchronous({ leave: async () => fail('return') })) fail('body') }, ['body']],
  [async () => { for await (const _ of asynchronous({ leave: () => fail('return') })) fail('body') }, ['body']],
  [async () => { for await (const r of [Promise.resolve(1), 2]) log.push(r) }, [1, 2, undefined]],
  [async () => { async function* ten() { for await (const r of rows()) yield r * 10 } for await (const r of ten()) { log.push(r); break } return 'end' },
    [10, 'closed', 'end']],
  [async () => { async function* ten() { for await (const r of rows()) yield r } const it = ten(); await it.next(); return (await it.return('given')).value },
    ['closed', 'given']],
]

/** An iterator without end that says when it was closed. */
const endless = (name, left = {}) =>
  ({ __proto__: Iterator.prototype, next: () => ({ value: name, done: false }), return: () => (log.push(name), left) })

export default handler({
  async 'leaving a loop over what is asynchronous waits until that is closed'() {
    for (const [at, [run, wanted]] of leaving.entries()) same([at, await noted(run)], [at, wanted])
  },
  async 'helpers of iterators close what can be closed, once'() {
    same([1, 2, 3].values().map((x) => x * 2).take(1).toArray(), [2])
    same([...new Map([[1, 2], [3, 4]]).entries().filter(() => true).take(1)], [[1, 2]])
    const [first] = [7, 8].values().flatMap((x) => [x])
    const [second] = [7, 8].values().drop(1)
    same([first, second], [7, 8])
    for (const _ of [1].values().map((x) => x)) break
    log = []
    const helpers = { map: (x) => x, filter: () => true, flatMap: () => endless('inner'), take: 5, drop: 5 }
    for (const [name, argument] of Object.entries(helpers)) {
      const helper = endless(name)[name](argument)
      helper.next()
      same([helper.return('x'), helper.next(), helper.return()], Array(3).fill({ done: true }))
    }
    endless('fresh').map((x) => x).return()
    same(log, ['map', 'filter', 'inner', 'flatMap', 'take', 'drop', 'fresh'])
    same(await thrown(() => endless('bad', 5).map((x) => x).return()), 'TypeError')
  },
  async 'an iterator that gives a promise which is rejected is closed'() {
    const gives = (value, methods = {}) => ({ [Symbol.iterator]: () => ({ next: () => ({ value, done: false }), return: () => (log.push('return'), {}), ...methods }) })
    const over = (values) => thrown(async () => { for await (const value of values) log.push(value) })
    const generator = function* () { try { yield 1; yield Promise.reject(new RangeError('r')) } finally { log.push('finally') } }
    log = []
    same(await over(generator()), 'RangeError')
    same(await over(gives(Promise.reject(new RangeError('r')))), 'RangeError')
    // What goes wrong while it is being closed is not told.
    same(await over(gives(Promise.reject(new RangeError('r')), { return() { log.push('throws'); throw new TypeError('t') } })), 'RangeError')
    const odd = Object.defineProperty(Promise.resolve(1), 'constructor', { get() { throw new SyntaxError('s') } })
    same(await over(gives(odd)), 'SyntaxError')
    // At its end, and by its own errors, there is nothing to close.
    same(await over(gives(0, { next: () => ({ value: Promise.reject(new RangeError('r')), done: true }) })), 'RangeError')
    same(await over(gives(0, { next() { throw new TypeError('t') } })), 'TypeError')
    same(log, [1, 'finally', 'return', 'throws', 'return'])
  },
  'what is passed over is let go'() {
    const many = (length) => function* () { for (let i = 0; i < length; i++) yield new Uint8Array(100_000) }
    same([...many(2_000)().filter(() => false)].length, 0)
    same(many(2_000)().find(() => false), undefined)
  },
  async 'iterators take and drop what can be counted'() {
    log = []
    for (const limit of [2 ** 53, Number.MAX_VALUE, -1, NaN]) {
      same([limit, await thrown(() => endless('').take(limit)), await thrown(() => endless('').drop(limit))], [limit, 'RangeError', 'RangeError'])
    }
    same(log.length, 8)
    same([endless(1).take(2).toArray(), [1, 2].values().drop(Infinity).toArray(), [1].values().take(2 ** 53 - 1).toArray()], [[1, 1], [], [1]])
  },
  'strings have properties to spread'() {
    const { 0: head, ...rest } = 'abc'
    same([{ ...'hi' }, head, rest, { ...5, ...null, ...true }], [{ 0: 'h', 1: 'i' }, 'a', { 1: 'b', 2: 'c' }, {}])
  },
  'comparisons are asked about the later one first'() {
    const people = ['al', 'bob', 'cy', 'di', 'ed'].map((name, at) => ({ name, age: [2, 2, 1, 3, 1][at] }))
    same(people.sort((a, b) => (a.age < b.age ? -1 : 1)).map(({ name }) => name), ['cy', 'ed', 'al', 'bob', 'di'])
    const asked = []
    ;[1, 2, 3].sort((a, b) => (asked.push([a, b]), a - b))
    same(asked, [[2, 1], [3, 2]])
  },
  'errors of classes point at where they were made'() {
    class Status extends Error { constructor(status) { super(`status ${status}`); this.status = status } }
    class Plain extends Error {}
    class Further extends Plain { constructor() { super('further') } }
    const make = () => [new Status(404), new Plain('plain'), new Further(), new Error('own'), Error('called')]
    for (const { stack } of make()) same([stack.split('\n')[1].includes('at make '), stack], [true, stack])
  },
})
