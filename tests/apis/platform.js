// Compression, messages, files and what nobody caught.
import { handler, same, thrown } from './checks.js'

const collect = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer())
const through = (data, transform) => collect(new Blob([data]).stream().pipeThrough(transform))

export default handler({
  async 'every format gives back what went in'() {
    const text = Array.from({ length: 20000 }, (_, index) => `line ${index}`).join('\n')
    for (const format of ['gzip', 'deflate', 'deflate-raw', 'brotli']) {
      const packed = await through(text, new CompressionStream(format))
      if (packed.length > text.length / 2) throw new Error(`${format}: ${packed.length} bytes`)
      same(new TextDecoder().decode(await through(packed, new DecompressionStream(format))) === text, true)
    }
  },
  async 'gzip of another program unpacks'() {
    const packed = Uint8Array.from(atob('H4sIAAAAAAACA8tIzcnJBwCGphA2BQAAAA=='), (char) => char.charCodeAt(0))
    same(new TextDecoder().decode(await through(packed, new DecompressionStream('gzip'))), 'hello')
  },
  async 'data that is cut off, wrong or followed by more is refused'() {
    for (const format of ['gzip', 'deflate', 'deflate-raw', 'brotli']) {
      const packed = await through('some text to pack, some text to pack', new CompressionStream(format))
      const more = new Uint8Array(packed.length + 1)
      more.set(packed)
      same(await thrown(() => through(packed.slice(0, -1), new DecompressionStream(format))), 'TypeError')
      same(await thrown(() => through(more, new DecompressionStream(format))), 'TypeError')
      same(await thrown(() => through('', new DecompressionStream(format))), 'TypeError')
    }
    same(await thrown(() => new CompressionStream('zip')), 'TypeError')
  },
  async 'what is packed reaches a reader while more is to come'() {
    const { writable, readable } = new DecompressionStream('gzip')
    const packed = await through('early', new CompressionStream('gzip'))
    const writer = writable.getWriter()
    void writer.write(packed)
    const { value } = await readable.getReader().read()
    same(new TextDecoder().decode(value), 'early')
  },
  async 'messages go through a channel, with ports and buffers'() {
    const { port1, port2 } = new MessageChannel()
    const buffer = new ArrayBuffer(8)
    const got = new Promise((resolve) => { port2.onmessage = (event) => resolve(event.data) })
    port1.postMessage({ buffer, map: new Map([[1, 2]]) }, [buffer])
    const { buffer: moved, map } = await got
    same([moved.byteLength, map.get(1), buffer.detached], [8, 2, true])
    const answer = new Promise((resolve) => { port1.onmessage = (event) => resolve(event.ports.length) })
    port2.postMessage(null, { transfer: [new MessageChannel().port1] })
    same(await answer, 1)
  },
  async 'streams move to another owner'() {
    const source = new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close() } })
    const moved = structuredClone(source, { transfer: [source] })
    const chunks = []
    for await (const chunk of moved) chunks.push(chunk)
    same([chunks.join(''), source.locked], ['ab', true])
    const written = []
    const sink = new WritableStream({ write(chunk) { written.push(chunk) } })
    const writer = structuredClone(sink, { transfer: [sink] }).getWriter()
    await writer.write('x')
    await writer.close()
    same(written, ['x'])
    same(await thrown(() => structuredClone(sink, { transfer: [sink] })), 'DataCloneError')
  },
  async 'an unhandled rejection goes to the listeners first'() {
    const seen = new Promise((resolve) => {
      addEventListener('unhandledrejection', (event) => { event.preventDefault(); resolve(event.reason.message) }, { once: true })
    })
    const late = new Promise((resolve) => addEventListener('rejectionhandled', (event) => resolve(event.reason.message), { once: true }))
    const rejected = Promise.reject(new Error('nobody'))
    same(await seen, 'nobody')
    rejected.catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 1))
    same(await late, 'nobody')
    same(typeof WeakRef, 'function')
  },
  async 'functions say what they are, without their text'() {
    class Base {}
    const kinds = [Base, class Derived extends Base { constructor() { super() } }, function plain() {}, URL, Intl.Locale, Map]
    same(kinds.map((kind) => String(kind).replace(/\s+/g, ' ')), [
      'class Base { [native code] }', 'class Derived { [native code] }', 'function plain() { [native code] }',
      'function URL() { [native code] }', 'function Locale() { [native code] }', 'function Map() { [native code] }',
    ])
  },
  async 'a stack begins with what the error says, and has no line feed at its end'() {
    class Mine extends RangeError {
      constructor(message) {
        super(message)
        this.name = 'Later'
      }
    }
    Mine.prototype.name = 'Mine'
    const stacks = [new TypeError('bad\nly'), new Error(''), new Mine('own'), new DOMException('gone', 'NotFoundError'), AbortSignal.abort().reason]
    same(stacks.map(({ stack }) => stack.split(/\n    at [^]*[^\n]$/)), [['TypeError: bad\nly', ''], ['Error', ''], ['Mine: own', ''], ['NotFoundError: gone', ''], ['AbortError: the operation was aborted', '']])
    const object = Object.create({ name: 'N' }, { message: { get() { throw new Error('nobody asks') } } })
    Error.captureStackTrace(object)
    same(object.stack.split('\n')[0], 'N')
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    try { same(new RangeError('short').stack, 'RangeError: short') } finally { Error.stackTraceLimit = stackTraceLimit }
    // One that the host makes: its message is there when it is thrown.
    const refused = await fetch('http://nowhere.invalid/').catch((error) => error)
    same([refused.name, refused.stack.split('\n')[0]], ['TypeError', `TypeError: ${refused.message}`])
    try { null.x } catch ({ stack }) { same(stack.split('\n')[0], "TypeError: cannot read property 'x' of null") }
  },
})
