// Node's few modules, held against what Node itself gives.
import assert from 'node:assert'
import strict from 'node:assert/strict'
import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import EventEmitter, { errorMonitor, getEventListeners, on, once, setMaxListeners } from 'node:events'
import path from 'node:path'
import { Duplex, PassThrough, Readable, Transform, Writable, pipeline } from 'node:stream'
import { pipeline as piped } from 'node:stream/promises'
import url, { fileURLToPath, pathToFileURL } from 'node:url'
import util, { callbackify, inspect, isDeepStrictEqual, promisify, styleText } from 'node:util'
import types, { isPromise } from 'node:util/types'
import { handler, same, thrown } from './checks.js'

const text = async (stream) => {
  let out = ''
  for await (const chunk of stream) out += chunk
  return out
}

export default handler({
  'buffers read, write and compare'() {
    const buffer = Buffer.from('héllo')
    same([buffer.length, buffer.toString('hex'), buffer.toString('base64'), buffer instanceof Uint8Array], [6, '68c3a96c6c6f', 'aMOpbGxv', true])
    same(Buffer.concat([Buffer.from([1]), Buffer.alloc(2, 'a'), Buffer.from('ff', 'hex')]).toJSON(), { type: 'Buffer', data: [1, 97, 97, 255] })
    same([Buffer.from('-_8', 'base64url').toString('hex'), Buffer.from([251, 255]).toString('base64url')], ['fbff', '-_8'])
    same([buffer.readUInt16BE(0), Buffer.compare(Buffer.from('a'), Buffer.from('b')), Buffer.byteLength('ü'), Buffer.isEncoding('base64url')], [0x68c3, -1, 2, true])
    const numbers = Buffer.alloc(12)
    numbers.writeDoubleLE(1.5, 0)
    numbers.writeInt32BE(-2, 8)
    same([numbers.readDoubleLE(0), numbers.readInt32BE(8), numbers.subarray(8).equals(Buffer.from([255, 255, 255, 254]))], [1.5, -2, true])
    same([isUtf8(buffer), isUtf8(Buffer.from([0xff])), isAscii(buffer), isAscii(new Uint8Array([97]).buffer), isAscii(new Uint16Array([0x4142])), isAscii(new Int8Array([-1]))], [true, false, false, true, true, false])
  },
  async 'emitters emit'() {
    const emitter = new EventEmitter()
    const seen = []
    emitter.on('x', (value) => seen.push(value))
    emitter.once('x', (value) => seen.push(-value))
    emitter.prependListener('x', () => seen.push('first'))
    emitter.emit('x', 1)
    emitter.emit('x', 2)
    same([seen, emitter.listenerCount('x'), emitter.emit('y')], [['first', 1, -1, 'first', 2], 2, false])
    same(await thrown(() => emitter.emit('error', new RangeError('r'))), 'RangeError')
    const later = once(emitter, 'z')
    emitter.emit('z', 7)
    same(await later, [7])
  },
  async 'events come one after the other, and errors are seen'() {
    const emitter = new EventEmitter()
    const names = []
    const until = new AbortController()
    emitter.on(errorMonitor, (error) => names.push(`saw ${error.message}`))
    const reader = (async () => {
      for await (const [a, b] of on(emitter, 'x', { signal: until.signal })) names.push(a + b)
    })().catch((error) => names.push(error.name))
    emitter.emit('x', 1, 2)
    emitter.emit('x', 3, 4)
    await new Promise((resolve) => setTimeout(resolve, 1))
    until.abort()
    await reader
    same([names, getEventListeners(emitter, 'x').length], [[3, 7, 'AbortError'], 0])
    const failing = on(emitter, 'x')
    const next = failing.next()
    emitter.emit('error', new RangeError('bad'))
    same([await thrown(() => next), await failing.next(), names.at(-1)], ['RangeError', { value: undefined, done: true }, 'saw bad'])
    const target = new EventTarget()
    const heard = on(target, 'x')
    target.dispatchEvent(new Event('x'))
    same([(await heard.next()).value[0].type, await thrown(() => getEventListeners(target, 'x'))], ['x', 'TypeError'])
    const closing = on(emitter, 'y', { close: ['end'] })
    emitter.emit('y', 'last')
    emitter.emit('end')
    const rest = []
    for await (const [value] of closing) rest.push(value)
    setMaxListeners(20, emitter)
    same([rest, emitter.getMaxListeners()], [['last'], 20])
    same(await thrown(() => on(emitter, 'x', { signal: AbortSignal.abort() })), 'AbortError')
  },
  'paths are POSIX paths'() {
    same([path.join('/a', '../b', './c.tar.gz'), path.relative('/a/b/c', '/a/d'), path.resolve('/x', 'y', '..', 'z')], ['/b/c.tar.gz', '../../d', '/x/z'])
    same([path.parse('/home/u/f.txt'), path.extname('a.b'), path.posix.sep], [{ root: '/', dir: '/home/u', base: 'f.txt', ext: '.txt', name: 'f' }, '.b', '/'])
  },
  async 'promises show what has become of them'() {
    const failed = Promise.reject(new TypeError('no'))
    failed.catch(() => {})
    same([new Promise(() => {}), Promise.resolve({ a: 1 }), (async () => 5)(), [Promise.resolve()]].map((one) => inspect(one)), [
      'Promise { <pending> }', 'Promise { { a: 1 } }', 'Promise { 5 }', '[ Promise { undefined } ]',
    ])
    same(inspect(failed).startsWith('Promise {\n  <rejected> TypeError: no\n      at '), true)
    same(inspect(Object.create(Promise.prototype)), 'Promise {}')
  },
  async 'util converts, inspects and compares'() {
    same([util.format('%s=%d %j', 'a', 1, { b: 2 }), inspect({ a: { b: { c: {} } } }), inspect({ a: { b: { c: {} } } }, { depth: 0 })], ['a=1 {"b":2}', '{ a: { b: { c: {} } } }', '{ a: [Object] }'])
    same(await promisify((value, done) => done(null, value + 1))(1), 2)
    same(await thrown(() => promisify((done) => done(new TypeError('no')))()), 'TypeError')
    same([await promisify(setTimeout)(1, 'late'), styleText(['bold', 'redBright'], 'x'), await thrown(() => styleText('loud', 'x'))], ['late', '\x1b[1m\x1b[91mx\x1b[39m\x1b[22m', 'TypeError'])
    same(await new Promise((resolve) => callbackify(async (value) => value * 2)(4, (error, value) => resolve([error, value]))), [null, 8])
    same([isDeepStrictEqual({ a: [new Map([[1, { b: NaN }]])] }, { a: [new Map([[1, { b: NaN }]])] }), isDeepStrictEqual([1], ['1'])], [true, false])
    function Old() {}
    util.inherits(Old, EventEmitter)
    same([new Old() instanceof EventEmitter, types.isPromise(Promise.resolve()) && isPromise(Promise.resolve()), types.isRegExp(/x/), types.isUint8Array(Buffer.alloc(1)), types.isMap({})], [true, true, true, true, false])
  },
  async 'assert says what differs'() {
    assert(true)
    strict.deepEqual({ a: 1, b: new Set([1]) }, { a: 1, b: new Set([1]) })
    assert.deepEqual([1], ['1'])
    let message = ''
    try {
      assert.strictEqual(1, 2, 'one is not two')
    } catch (error) {
      message = `${error.code} ${error.message} ${error instanceof assert.AssertionError}`
    }
    same(message, 'ERR_ASSERTION one is not two true')
    same(await thrown(() => strict.equal(1, '1')), 'AssertionError')
    assert.throws(() => { throw new RangeError('far') }, { name: 'RangeError', message: 'far' })
    await assert.rejects(async () => { throw new Error('no') }, /no/)
  },
  async 'streams flow, transform and finish'() {
    same(await text(Readable.from(['a', 'b', 'c'])), 'abc')
    const upper = () => new Transform({ transform: (chunk, encoding, done) => done(null, String(chunk).toUpperCase()) })
    same(await text(Readable.from(['x', 'y']).pipe(upper()).pipe(new PassThrough())), 'XY')
    const written = []
    await piped(Readable.from([1, 2, 3]), new Writable({ objectMode: true, highWaterMark: 1, write: (value, encoding, done) => { written.push(value); setTimeout(done, 1) } }))
    same(written, [1, 2, 3])
    const failed = await new Promise((resolve) => pipeline(Readable.from(['a']), new Transform({ transform: (chunk, encoding, done) => done(new Error('stop')) }), new PassThrough().resume(), resolve))
    same(failed.message, 'stop')
    const echo = new Duplex({ read() {}, write(chunk, encoding, done) { this.push(chunk); done() }, final(done) { this.push(null); done() } })
    echo.end('echoed')
    same(await text(echo), 'echoed')
    same(await new Response(Readable.toWeb(Readable.from([Buffer.from('to '), Buffer.from('web')]))).text(), 'to web')
    same(await text(Readable.fromWeb(new Response('from web').body)), 'from web')
    await Readable.toWeb(Readable.from(['a'])).cancel(new Error('no longer wanted'))
    const broken = Readable.from(['a'])
    const unread = Readable.toWeb(broken)
    broken.destroy(new RangeError('broken'))
    same(await thrown(() => new Response(unread).text()), 'RangeError')
    const web = Readable.toWeb(Readable.from([1, { b: 2 }])).getReader()
    same([await web.read(), await web.read(), await web.read()], [{ value: 1, done: false }, { value: { b: 2 }, done: false }, { value: undefined, done: true }])
  },
  'addresses convert'() {
    same([fileURLToPath('file:///a%20b/c'), pathToFileURL('/a b#?').href, url.resolve('http://a/b/c', '../d')], ['/a b/c', 'file:///a%20b%23%3F', 'http://a/d'])
    const parsed = url.parse('https://u:p@example.org:8080/p/a?x=1&x=2#h', true)
    same([parsed.hostname, parsed.port, parsed.auth, parsed.pathname, { ...parsed.query }], ['example.org', '8080', 'u:p', '/p/a', { x: ['1', '2'] }])
    same([url.format({ protocol: 'https', host: 'a.b', pathname: '/c', query: { d: 1 } }), url.URL === URL], ['https://a.b/c?d=1', true])
  },
})
