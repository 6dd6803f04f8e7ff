// JSON as the standard has it where the engine takes short ways: objects read by their shape, names taken from the object before, numbers
// and strings written by hand. What code that runs in between can do is here, and what it could have noticed.
import { handler, same } from './checks.js'

const write = JSON.stringify
const rewritten = (text) => write(JSON.parse(text))
function thrown(act, type) {
  try { act() } catch (error) {
    if (error instanceof type) return
    throw error
  }
  throw new Error(`nothing was thrown by ${act}`)
}

/** What `body` gives while a prototype has one more property. */
function lent(prototype, name, descriptor, body) {
  Object.defineProperty(prototype, name, { configurable: true, ...descriptor })
  try { return body() } finally { delete prototype[name] }
}

export default handler({
  'values that are no JSON'() {
    same(write([undefined, () => 1, Symbol('a'), NaN, -Infinity, -0, null]), '[null,null,null,null,null,0,null]')
    same(write({ a: undefined, b() {}, c: Symbol('c'), [Symbol('d')]: 1, e: null }), '{"e":null}')
    same([write(undefined), write(() => 1), write(Symbol('a'))], [undefined, undefined, undefined])
    for (const value of [1n, { a: [1n] }, [Object(1n)]]) thrown(() => write(value), TypeError)
  },
  'numbers'() {
    same(write([1.5, -1.25, 0.1 + 0.2, 0.000001, 1e-7, 1e21, 123456789012345680, 5e-324, 1 / 3, 99999999999999.9, 1e14 + 0.5, 4.35, 1.005]),
      '[1.5,-1.25,0.30000000000000004,0.000001,1e-7,1e+21,123456789012345680,5e-324,0.3333333333333333,99999999999999.9,100000000000000.5,4.35,1.005]')
    let seed = 1
    for (let n = 0; n < 20000; n++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      const value = (seed - 2 ** 31) / 10 ** (n % 12)
      same(Number(write(value)), value)
      same(JSON.parse(String(value)), value)
      // none with fewer digits reads as the same number
      const digits = String(Math.abs(value)).replace(/e.*|\.|^0\.0*/g, '').replace(/^0+|0+$/g, '').length
      if (digits > 1) same(Number(value.toPrecision(digits - 1)) === value, false)
    }
  },
  'strings'() {
    same(write('\ud800 \udc00 \ud83d\ude00 \udc00\ud800 é \u0000\u001f\u007f\u2028"\\/\b\f\n\r\t'),
      '"\\ud800 \\udc00 \ud83d\ude00 \\udc00\\ud800 é \\u0000\\u001f\u007f\u2028\\"\\\\/\\b\\f\\n\\r\\t"')
    for (let at = 0; at < 40; at++) {
      for (const special of ['"', '\\', '\n', '\u0001', 'ÿ', '\ud800']) {
        const text = 'x'.repeat(at) + special + 'y'.repeat(20)
        same(JSON.parse(write(text)), text)
        same(JSON.parse(write({ [text]: text })), { [text]: text })
      }
    }
    let rope = ''
    for (let n = 0; n < 3000; n++) rope += `a"${n}`
    same(JSON.parse(write([rope])), [rope])
    same(write(['é', 'Ω', 'e']), '["é","Ω","e"]')
  },
  'the order of keys'() {
    same(write({ b: 1, 2: 2, a: 3, 1: 4, '-1': 5, '01': 6, 4294967294: 7, 4294967295: 8, 2147483648: 9 }),
      '{"1":4,"2":2,"2147483648":9,"4294967294":7,"b":1,"a":3,"-1":5,"01":6,"4294967295":8}')
    const again = { a: 1, b: 2, c: 3 }
    delete again.a
    again.a = 4
    same(write(again), '{"b":2,"c":3,"a":4}')
    const hidden = Object.defineProperty({ a: 1, b: 2 }, 'a', { enumerable: false })
    same(write(hidden), '{"b":2}')
  },
  'objects that change while they are written'() {
    const changing = (change) => {
      const all = { a: 1, b: { toJSON: () => (change(all), 2) }, c: 3, d: 4 }
      return write(all)
    }
    same(changing((all) => { delete all.c; all.e = 9 }), '{"a":1,"b":2,"d":4}')
    same(changing((all) => { all.c = 7 }), '{"a":1,"b":2,"c":7,"d":4}')
    same(changing((all) => Object.defineProperty(all, 'c', { get: () => 'got' })), '{"a":1,"b":2,"c":"got","d":4}')
    same(changing((all) => { delete all.c; Object.setPrototypeOf(all, { c: 'inherited' }) }), '{"a":1,"b":2,"c":"inherited","d":4}')
    same(changing((all) => Object.defineProperty(all, 'd', { enumerable: false })), '{"a":1,"b":2,"c":3,"d":4}')
    const up = { in: { x: { toJSON() { delete up.b; up.z = 1; return 0 } } }, b: 3, c: 1 }
    same(write(up), '{"in":{"x":0},"c":1}')
    const getter = { a: 1, get b() { delete this.c; return 2 }, c: 3 }
    same(write(getter), '{"a":1,"b":2}')
  },
  'arrays that change, have holes or accessors'() {
    const shrinking = [1, { toJSON() { shrinking.length = 2; return 2 } }, 3, 4]
    same(write(shrinking), '[1,2,null,null]')
    const growing = [1, { toJSON() { growing.push(5); return 2 } }]
    same(write(growing), '[1,2]')
    const slow = [{ toJSON() { Object.defineProperty(slow, 2, { get: () => 'got' }); return 1 } }, 2, 3]
    same(write(slow), '[1,2,"got"]')
    same(lent(Array.prototype, 1, { value: 'inherited' }, () => write([1, , 3])), '[1,"inherited",3]')
    same(write(Object.assign([1], { x: 2 })), '[1]')
  },
  'toJSON, wherever it comes from'() {
    same(write({ a: { toJSON: (key) => `key ${key}` }, b: [{ toJSON: (key) => typeof key + key }], d: new Date(0) }),
      '{"a":"key a","b":["string0"],"d":"1970-01-01T00:00:00.000Z"}')
    same(write([Object.assign([1], { toJSON: () => 'mine' })]), '["mine"]')
    same(lent(Array.prototype, 'toJSON', { value() { return this.length } }, () => write({ a: [1, 2] })), '{"a":2}')
    same(lent(Object.prototype, 'toJSON', { value: (key) => key || 'whole' }, () => write({ a: 1 })), '"whole"')
    let looks = 0
    same(lent(Object.prototype, 'toJSON', { get() { looks++ } }, () => write([{ a: { b: 1 } }])), '[{"a":{"b":1}}]')
    same(looks, 3)
    same(lent(String.prototype, 'toJSON', { value: () => 'no' }, () => write(['a', Object('b')])), '["a","no"]')
    const late = { a: { toJSON() { Object.prototype.toJSON = () => 'late'; return 1 } }, b: { c: 1 } }
    try { same(write(late), '{"a":1,"b":"late"}') } finally { delete Object.prototype.toJSON }
  },
  'proxies and strange prototypes'() {
    const log = []
    const spied = (target) => new Proxy(target, {
      get(object, name) { log.push(`get ${String(name)}`); return object[name] },
      ownKeys(object) { log.push('keys'); return Reflect.ownKeys(object) },
      getOwnPropertyDescriptor(object, name) { log.push(`own ${name}`); return Reflect.getOwnPropertyDescriptor(object, name) },
    })
    same(write({ p: spied({ a: 1, b: [2] }) }), '{"p":{"a":1,"b":[2]}}')
    same(log, ['get toJSON', 'keys', 'own a', 'own b', 'get a', 'get b'])
    log.length = 0
    const heir = Object.create(spied({}))
    heir.a = 1
    same([write(heir), log], ['{"a":1}', ['get toJSON']])
    same(write(new Proxy([1, [2]], {})), '[1,[2]]')
    const bare = Object.create(null)
    bare.a = 1
    bare.__proto__ = 2
    same(write(bare), '{"a":1,"__proto__":2}')
    same(write(new class { x = 1; #y = 2; get z() { return this.#y } }()), '{"x":1}')
    same(write([Object(1), Object('s'), Object(false), new Map([[1, 2]]), /x/, new Uint8Array(2)]), '[1,"s",false,{},{},{"0":0,"1":0}]')
  },
  'circles, and what only looks like one'() {
    const circle = { a: [] }
    circle.a.push({ b: circle })
    thrown(() => write(circle), TypeError)
    const one = { a: 1 }
    same(write([one, one, { one }]), '[{"a":1},{"a":1},{"one":{"a":1}}]')
    const own = { a: { toJSON: () => own } }
    thrown(() => write(own), TypeError)
    let deep = 1
    for (let n = 0; n < 400; n++) deep = n % 2 ? [deep] : { deep }
    same(write(deep).length, 2201)
    for (const wrap of [(inner) => [inner], (inner) => ({ inner })]) {
      let nested = 1
      for (let n = 0; n < 3000; n++) nested = wrap(nested)
      same(rewritten(write(nested)) === write(nested), true)
    }
  },
  'too deep is an error to catch, whatever recurses in between'() {
    const far = 20000
    const nested = (wrap, inner = 1, times = far) => {
      for (let n = 0; n < times; n++) inner = wrap(inner)
      return inner
    }
    const wraps = [(x) => [x], (x) => ({ x }), (x) => [{ x }], (x) => ({ toJSON: () => [x] }), (x) => new Proxy([x], {}), (x) => new Proxy({ x }, {})]
    for (const wrap of wraps) {
      const deep = nested(wrap)
      for (const rest of [[], [['x']], [(key, value) => value]]) thrown(() => write(deep, ...rest), RangeError)
    }
    const again = { toJSON: () => write(nested((x) => [x], again, 500)) }
    thrown(() => write(again), RangeError)
    const texts = [['[', ']'], ['{"a":', '}'], ['[{"a":', '}]']]
    for (const [open, close] of texts) {
      for (const inner of ['1', '"\u0100"', 'x']) {
        const text = open.repeat(far) + inner + close.repeat(far)
        thrown(() => JSON.parse(text), RangeError)
        thrown(() => JSON.parse(text, (key, value) => value), RangeError)
      }
      const some = open.repeat(300) + '1' + close.repeat(300)
      const read = (key, value) => (value === 1 ? JSON.parse(some, read) : value)
      thrown(() => JSON.parse(some, read), RangeError)
      const both = (key, value) => (value === 1 ? write(nested((x) => [x], { toJSON: () => JSON.parse(some, both) }, 300)) : value)
      thrown(() => JSON.parse(some, both), RangeError)
    }
    thrown(() => nested((x) => [x]).flat(Infinity), RangeError)
    same(write(nested((x) => [x], 1, 7000)), `${'['.repeat(7000)}1${']'.repeat(7000)}`)
    same(write(JSON.parse('['.repeat(7000) + ']'.repeat(7000))).length, 14000)
  },
  'gaps, lists and functions'() {
    same(write({ a: [], b: {}, c: [1, { d: [[]] }] }, null, 1), '{\n "a": [],\n "b": {},\n "c": [\n  1,\n  {\n   "d": [\n    []\n   ]\n  }\n ]\n}')
    same(write([[1]], null, '-é'), '[\n-é[\n-é-é1\n-é]\n]')
    same(write([1], null, 99), '[\n          1\n]')
    same(write({ b: 1, a: { b: 2, c: 3 }, 1: 4 }, ['a', 'b', 1, 'a', Object('c')]), '{"a":{"b":2,"c":3},"b":1,"1":4}')
    same(write({ a: 1, b: [1, 2] }, function (key, value) { return Array.isArray(this) ? key + value : value }), '{"a":1,"b":["01","12"]}')
  },
  'texts that are no JSON'() {
    const faults = ['', ' ', '-', '01', '-01', '1.', '.5', '1e', '1e+', '+1', 'tru', 'truex', 'nul', 'undefined', 'NaN', "'a'", '"', '"a', '"\\', '"\\u12',
      '"\\u12g4"', '"\\x41"', '"\n"', '"\u0000"', '[', '[1', '[1,', '[1,]', '[,1]', '[1 2]', '[1] 2', '{', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}',
      '{a:1}', '{"a" 1}', '{"a":1 "b":2}', '{"a":1}}', '\ufeff1', '\u00a01', '\v1', '[1]\u2028', '1\u0000', '[{"a\\"b":1},{"a"b":1}]', '[{"a\\n":1},{"a\n":1}]']
    for (const text of faults) {
      thrown(() => JSON.parse(text), SyntaxError)
      thrown(() => JSON.parse(`["\u0100",${text}]`), SyntaxError)
    }
    let calls = 0
    thrown(() => JSON.parse({ toString() { calls++; return '{bad' } }), SyntaxError)
    same(calls, 1)
    thrown(() => JSON.parse(Symbol('a')), TypeError)
    for (const text of ['['.repeat(5000), '{"a":'.repeat(5000), `${'['.repeat(5000)}${']'.repeat(5001)}`]) thrown(() => JSON.parse(text), SyntaxError)
  },
  'names that repeat, or nearly'() {
    const texts = ['[{"a":1,"b":2},{"a":1,"b":2},{"b":1,"a":2},{"a":1},{"a":1,"b":2,"c":3},{"ab":1,"b":2},{"a":3,"b":4}]', '[{"":1},{"":2},{"a":1}]',
      '[{"é":1},{"é":2},{"Ω":1},{"Ω":2}]', '[{"a":{"a":{"a":1}}},{"a":{"a":{"a":2}}}]', '{"a":{"b":1},"c":{"d":1}}', '[[{"a":1}],[{"a":2}],[{"b":2}]]',
      '[{"toString":1},{"toString":2}]', '[{"__proto__":{"p":1}},{"__proto__":{"p":2}}]']
    for (const text of texts) {
      same(rewritten(text), text)
      same(rewritten(`["Ω",${text}]`), `["Ω",${text}]`)
    }
    same(rewritten('[{"a":1},{"\\u0061":2}]'), '[{"a":1},{"a":2}]')
    same(rewritten('[{"a":1},{"a":1,"a":2}]'), '[{"a":1},{"a":2}]')
    same(rewritten('[{"b":1,"1":1,"0":2},{"b":1,"1":1,"0":2}]'), '[{"0":2,"1":1,"b":1},{"0":2,"1":1,"b":1}]')
    const [first, second] = JSON.parse('[{"a":1,"b":2},{"a":3,"b":4}]')
    first.c = 1
    delete second.a
    same([write(first), write(second), rewritten('{"a":1,"b":2}')], ['{"a":1,"b":2,"c":1}', '{"b":4}', '{"a":1,"b":2}'])
  },
  'nobody else takes part in parsing'() {
    same([({}).p, Object.getPrototypeOf(JSON.parse('{"__proto__":{"p":1}}')) === Object.prototype], [undefined, true])
    let hits = 0
    const text = '[{"zz":1},{"zz":2}]'
    same(lent(Object.prototype, 'zz', { set() { hits++ } }, () => rewritten(text)), text)
    same(lent(Array.prototype, 0, { set() { hits++ } }, () => rewritten(text)), text)
    same(hits, 0)
    same(Object.getOwnPropertyDescriptor(JSON.parse(text)[1], 'zz'), { value: 2, writable: true, enumerable: true, configurable: true })
    same([Object.is(JSON.parse('-0'), -0), Object.is(JSON.parse('[-0.0]')[0], -0)], [true, true])
    same([JSON.parse('1e400'), JSON.parse('123456789012345678901234567890'), JSON.parse('-2147483648')], [Infinity, 123456789012345680000000000000, -2147483648])
  },
  'revivers'() {
    same(JSON.parse('{"a":[1,2,{"b":3}],"c":"x"}', (key, value) => (typeof value === 'number' ? value + 1 : value)), { a: [2, 3, { b: 4 }], c: 'x' })
    const order = []
    JSON.parse('{"b":1,"a":[1,2],"1":3}', (key, value) => (order.push(key), value))
    same(order, ['1', 'b', '0', '1', 'a', ''])
  },
})
