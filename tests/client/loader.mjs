// The loader on a real host: code as it is written for the Worker Loader API, and what it must not let through.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { WorkerError, createLoader } from 'isolet-client/loader'
import { admin, newTenant, serve, url } from './host.mjs'

const worker = (text, more) => ({ compatibilityDate: '2026-01-01', mainModule: 'main.js', modules: { 'main.js': text }, env: {}, globalOutbound: null, ...more })
const hello = (who) => worker(`export default { fetch: () => new Response("hello ${who}") }`)

async function newLoader(options) {
  const tenant = await newTenant()
  return { ...tenant, loader: createLoader({ url, key: tenant.key, ...options }) }
}

/** What is written for `env.LOADER`, unchanged. */
async function asWritten(env, request) {
  const stub = env.LOADER.get('greeter-v1', async () => ({
    compatibilityDate: '2025-06-01',
    mainModule: 'foo.js',
    modules: {
      'foo.js': 'import { greet } from "./lib/greet.js"; import data from "./data.json"; import note from "note.txt"; export default { async fetch(req, env, ctx) { ctx.waitUntil(Promise.resolve()); return new Response(greet(env.SOME_ENV_VAR) + data.a + note + " " + req.url) } }; export const other = { fetch: () => new Response("other") }',
      'lib/greet.js': { js: 'export const greet = (n) => `hi ${n} `' },
      'data.json': { json: { a: [1, 2] } },
      'note.txt': { text: 'note' },
    },
    env: { SOME_ENV_VAR: 123 },
    globalOutbound: null,
  }))
  const entrypoint = stub.getEntrypoint()
  return [await entrypoint.fetch(request), await stub.getEntrypoint('other').fetch(request)]
}

suite('loader', () => {
  test('code for the Worker Loader API runs as it is', async () => {
    const { loader } = await newLoader()
    const [one, two] = await asWritten({ LOADER: loader }, new Request('https://tenant.example/path?q=1#f'))
    assert.equal(await one.text(), 'hi 123 1,2note https://tenant.example/path?q=1')
    assert.equal(await two.text(), 'other')
  })

  test('the callback is asked once for an id, however many ask at once', async () => {
    const { loader } = await newLoader()
    let asked = 0
    const getCode = async () => (asked++, await new Promise((resolve) => setTimeout(resolve, 50)), hello('a'))
    const answers = await Promise.all(Array.from({ length: 30 }, () => loader.get('a', getCode).getEntrypoint().fetch('http://x/').then((answer) => answer.text())))
    assert.deepEqual(new Set(answers), new Set(['hello a']))
    assert.equal(asked, 1)
    await loader.get('b', getCode).getEntrypoint().fetch('http://x/')
    await loader.get(null, getCode).getEntrypoint().fetch('http://x/')
    await loader.get(null, getCode).getEntrypoint().fetch('http://x/')
    assert.equal(asked, 4)
  })

  test('an id keeps the code it was first given, within its loader alone', async () => {
    const { loader, key } = await newLoader()
    const ask = (from, id, code) => from.get(id, () => code).getEntrypoint().fetch('http://x/').then((answer) => answer.text())
    assert.equal(await ask(loader, 'same', hello('one')), 'hello one')
    assert.equal(await ask(loader, 'same', hello('two')), 'hello one')
    assert.equal(await ask(createLoader({ url, key }), 'same', hello('two')), 'hello two')
    const other = await newLoader()
    assert.equal(await ask(other.loader, 'same', hello('three')), 'hello three')
    const small = createLoader({ url, key, remembered: 2 })
    for (const id of ['a', 'b', 'c']) await ask(small, id, hello(id))
    assert.equal(await ask(small, 'c', hello('anew')), 'hello c')
    assert.equal(await ask(small, 'a', hello('anew')), 'hello anew')
  })

  test('ids are anything: they are never part of an address', async () => {
    const { loader } = await newLoader()
    for (const id of ['', '../../x', '__proto__', 'constructor', 'a\0b', '😀'.repeat(500), '\ud800']) {
      assert.equal(await (await loader.get(id, () => hello(id.length)).getEntrypoint().fetch('http://x/')).text(), `hello ${id.length}`)
    }
  })

  test('a callback that fails is asked again', async () => {
    const { loader } = await newLoader()
    let asked = 0
    const get = () => loader.get('id', async () => {
      if (asked++ === 0) throw new Error('the shelf is empty')
      return hello('again')
    }).getEntrypoint().fetch('http://x/')
    await assert.rejects(get(), { message: 'the shelf is empty' })
    assert.equal(await (await get()).text(), 'hello again')
  })

  test('requests and answers pass whole: method, headers, bytes, status', async () => {
    const { loader } = await newLoader()
    const echo = loader.load(worker(`export default { async fetch(r) { const b = await r.arrayBuffer();
      return new Response(b, { status: 201, headers: [['x-method', r.method], ['x-in', r.headers.get('x-in')], ['set-cookie', 'a=1'], ['set-cookie', 'b=2']] }) } }`)).getEntrypoint()
    const bytes = crypto.getRandomValues(new Uint8Array(60_000))
    const big = new Uint8Array(3_000_000).map((_, index) => index * 7)
    for (const body of [bytes, big, new Uint8Array()]) {
      const answer = await echo.fetch('http://h.test:99/', { method: 'PUT', body, headers: { 'x-in': 'v, w' } })
      assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), body)
      assert.equal(answer.status, 201)
      assert.deepEqual([answer.headers.get('x-method'), answer.headers.get('x-in')], ['PUT', 'v, w'])
      assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2'])
    }
    const form = new FormData()
    form.set('file', new Blob(['content']), 'name.txt')
    const parsed = loader.load(worker(`export default { async fetch(r) { const f = await r.formData(); return new Response(f.get('file').name + await f.get('file').text()) } }`))
    assert.equal(await (await parsed.getEntrypoint().fetch('http://x/', { method: 'POST', body: form })).text(), 'name.txtcontent')
    const head = await echo.fetch('http://x/', { method: 'HEAD' })
    assert.equal(await head.text(), '')
    const moved = loader.load(worker(`export default { fetch: (r) => r.url.endsWith('204') ? new Response(null, { status: 204 }) : Response.redirect('http://127.0.0.1:1/x', 302) }`)).getEntrypoint()
    assert.equal((await moved.fetch('http://x/204')).status, 204)
    const redirect = await moved.fetch('http://x/')
    assert.deepEqual([redirect.status, redirect.headers.get('location')], [302, 'http://127.0.0.1:1/x'])
    const streamed = await echo.fetch('http://x/', { method: 'POST', duplex: 'half', body: new Blob(['a', 'b']).stream() })
    assert.equal(await streamed.text(), 'ab')
  })

  test('an answer arrives while it is made, and can be left', async () => {
    const { loader } = await newLoader()
    const ticking = loader.load(worker(`export default { fetch: () => { let n = 0; return new Response(new ReadableStream({ async pull(c) { if (n === 5) return c.close(); if (n > 0) await new Promise((d) => setTimeout(d, 60)); c.enqueue(new TextEncoder().encode('tick ' + n++ + ';')) } })) } }`)).getEntrypoint()
    const times = []
    let text = ''
    for await (const chunk of (await ticking.fetch('http://x/')).body.pipeThrough(new TextDecoderStream())) {
      times.push(performance.now())
      text += chunk
    }
    assert.equal(text, 'tick 0;tick 1;tick 2;tick 3;tick 4;')
    assert.ok(times.length >= 5 && times.at(-1) - times[0] > 150, `all at once: ${times}`)
    let ended
    const leaving = await newLoader({ onRun: (run) => (ended = run) })
    const endless = leaving.loader.load(worker(`export default { fetch: () => new Response(new ReadableStream({ async pull(c) { await new Promise((d) => setTimeout(d, 30)); c.enqueue(new Uint8Array(1)) } })) }`)).getEntrypoint()
    const left = (await endless.fetch('http://x/')).body.getReader()
    await left.read()
    await left.cancel()
    assert.equal(ended, undefined)
    const stop = new AbortController()
    const asked = endless.fetch('http://x/', { signal: stop.signal }).then((answer) => answer.text())
    setTimeout(() => stop.abort(), 100)
    await assert.rejects(asked, { name: 'AbortError' })
  })

  test('an answer does not wait for what the worker does after it', async () => {
    const runs = []
    const { loader } = await newLoader({ onRun: (run, id) => runs.push([id, run.outcome, run.logs.map((line) => line.message)]) })
    const entry = loader.get('w', () => worker(`export default { fetch(r, env, ctx) { ctx.waitUntil(new Promise((d) => setTimeout(() => { console.log('after'); d() }, 800))); return new Response('now') } }`)).getEntrypoint()
    const began = performance.now()
    assert.equal(await (await entry.fetch('http://x/')).text(), 'now')
    assert.ok(performance.now() - began < 700, `${performance.now() - began} ms`)
    for (let attempt = 0; attempt < 60 && runs.length === 0; attempt++) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual(runs, [['w', 'ok', ['after']]])
  })

  test('env carries what JSON can tell and refuses the rest by its place', async () => {
    const { loader } = await newLoader()
    const env = { text: 'ü"\\\n</script>', number: 1.5, yes: true, nothing: null, list: [1, { a: 'b' }], 'odd name': 1, ISOLET_X: 'mine', ...JSON.parse('{"constructor":{"polluted":1}}') }
    const text = 'export default { fetch: (r, env) => Response.json({ ...env, polluted: ({}).polluted }) }'
    assert.deepEqual(await (await loader.load(worker(text, { env })).getEntrypoint().fetch('http://x/')).json(), { ...env })
    for (const [env, place] of [[{ KV: { get() {} } }, 'env.KV.get'], [{ D: new Date() }, 'env.D'], [{ B: 1n }, 'env.B'], [{ A: [Number.NaN] }, 'env.A[0]'], [{ S: { fetch } }, 'env.S.fetch'], [{ M: new Map() }, 'env.M']]) {
      await assert.rejects(loader.load(worker(text, { env })).getEntrypoint().fetch('http://x/'), (error) => error instanceof TypeError && error.message.startsWith(`\`${place}\` `))
    }
    const large = loader.load(worker(text, { env: { A: 'x'.repeat(70_000) } })).getEntrypoint()
    await assert.rejects(large.fetch('http://x/'), { name: 'ApiError', status: 422 })
  })

  test('what has no counterpart is refused by name', async () => {
    const { loader } = await newLoader()
    const refused = (more, message) => assert.rejects(loader.load(worker('export default { fetch() {} }', more)).getEntrypoint().fetch('http://x/'), (error) => error instanceof TypeError && error.message.includes(message))
    await refused({ globalOutbound: { fetch } }, '`globalOutbound`')
    await refused({ tails: [] }, '`tails`')
    await refused({ mainModule: 'absent.js' }, '`mainModule`')
    await refused({ mainModule: '__proto__' }, '`mainModule`')
    await refused({ modules: { 'main.js': { py: 'x' } } }, 'py')
    await refused({ modules: { 'main.js': { wasm: new ArrayBuffer(8) } } }, 'wasm')
    await refused({ modules: { 'main.js': null } }, 'main.js')
    await refused({ egress: { rules: [] } }, 'contradict')
    await assert.rejects(loader.get('x', () => null).getEntrypoint().fetch('http://x/'), TypeError)
    assert.throws(() => loader.load(hello('x')).getEntrypoint('default', { props: {} }), TypeError)
  })

  test('hostile names of modules and entry points stay names', async () => {
    const { loader } = await newLoader()
    const main = 'a"; throw new Error("broken out"); `${x}` \'.js'
    const answer = await loader.load({ mainModule: main, modules: { [main]: 'export default { fetch: () => new Response("whole") }' } }).getEntrypoint().fetch('http://x/').then((response) => response.text(), (error) => error)
    assert.ok(answer === 'whole' || (answer.name === 'ApiError' && answer.code === 'invalid_code'), String(answer))
    for (const name of ['../../etc/passwd', 'a\0.js', '/abs.js', '']) {
      const error = await loader.load({ mainModule: name, modules: { [name]: 'export default { fetch() {} }' } }).getEntrypoint().fetch('http://x/').catch((thrown) => thrown)
      assert.ok(error.name === 'ApiError' && error.status === 422, `${JSON.stringify(name)}: ${error}`)
    }
    const own = loader.load(worker('import * as e from "./isolet-entry.js"; export default { fetch: () => new Response(e.mine) }', { modules: { 'main.js': 'import * as e from "./isolet-entry.js"; export default { fetch: () => new Response(e.mine) }', 'isolet-entry.js': 'export const mine = "mine"' } }))
    assert.equal(await (await own.getEntrypoint().fetch('http://x/')).text(), 'mine')
    for (const name of ['absent', '__proto__', 'toString', '"; throw 1; "', '']) {
      await assert.rejects(own.getEntrypoint(name).fetch('http://x/'), (error) => error instanceof WorkerError && error.message.includes(`"${name}"`))
    }
  })

  test('entry points may be objects, functions and classes', async () => {
    const { loader } = await newLoader()
    const text = `import { WorkerEntrypoint } from 'cloudflare:workers';
      export default (request, env) => new Response('function ' + env.A);
      export class Api extends WorkerEntrypoint { fetch(request) { return new Response('class ' + this.env.A + ' ' + typeof this.ctx.waitUntil) } }
      export const plain = { fetch: async () => new Response('object') }`
    const stub = loader.get('k', () => worker(text, { env: { A: 1 } }))
    const say = (name) => stub.getEntrypoint(name).fetch('http://x/').then((answer) => answer.text())
    assert.deepEqual(await Promise.all([say(), say('Api'), say('plain')]), ['function 1', 'class 1 function', 'object'])
  })

  test('how a worker fails: its own message and place, its limits, its code', async () => {
    const { loader } = await newLoader()
    const failing = loader.load(worker(`export default {\n  fetch(r) {\n    console.log('before');\n    if (r.url.endsWith('throw')) throw new RangeError('too far');\n    if (r.url.endsWith('spin')) for (;;);\n    if (r.url.endsWith('eat')) { const a = []; for (;;) a.push(new Uint8Array(1 << 20)) }\n    if (r.url.endsWith('late')) return new Response(new ReadableStream({ async pull(c) { c.enqueue(new Uint8Array(5)); await new Promise((d) => setTimeout(d, 30)); throw new Error('half way') } }));\n    return 7\n  }\n}`)).getEntrypoint()
    const thrown = await failing.fetch('http://x/throw').catch((error) => error)
    assert.ok(thrown instanceof WorkerError)
    assert.deepEqual([thrown.outcome, thrown.run.error.line, thrown.run.logs[0].message], ['exception', 4, 'before'])
    assert.match(thrown.message, /too far/)
    assert.match(thrown.workerStack, /main\.js:4/)
    await assert.rejects(failing.fetch('http://x/spin'), { name: 'WorkerError', outcome: 'cpu_limit' })
    await assert.rejects(failing.fetch('http://x/eat'), { name: 'WorkerError' })
    await assert.rejects(failing.fetch('http://x/none'), { name: 'WorkerError', outcome: 'exception' })
    const late = await failing.fetch('http://x/late')
    assert.equal(late.status, 200)
    await assert.rejects(late.arrayBuffer())
    const slow = loader.load(worker('export default { fetch() { for (let i = 0; i < 3e6; i++); return new Response("done") } }', { limits: { cpuMs: 2 } })).getEntrypoint()
    await assert.rejects(slow.fetch('http://x/'), { outcome: 'cpu_limit' })
    const broken = await loader.load(worker('export default {{{')).getEntrypoint().fetch('http://x/').catch((error) => error)
    assert.deepEqual([broken.name, broken.code, broken.errors[0].file], ['ApiError', 'build_failed', 'main.js'])
    const tooMuch = await newLoader({ maxBodyBytes: 10 })
    await assert.rejects(tooMuch.loader.load(hello('x')).getEntrypoint().fetch('http://x/', { method: 'POST', body: 'x'.repeat(11) }), RangeError)
  })

  test('nothing leaves but what rules allow', async (t) => {
    const { loader, slug, of: tenant } = await newLoader()
    let reached = 0
    const world = await serve(t, (request, response) => (reached++, response.end(`world ${request.url}`)))
    const text = `export default { async fetch(r, env) { try { return new Response(await (await fetch(env.to + '/a')).text()) } catch (error) { return new Response(String(error), { status: 403 }) } } }`
    const ask = async (more) => (await loader.load(worker(text, { env: { to: world.url }, ...more })).getEntrypoint().fetch('http://x/')).text()
    const rules = [{ action: 'allow', host: '127.0.0.1', ports: [world.port] }]
    assert.match(await ask({}), /TypeError/)
    assert.match(await ask({ globalOutbound: undefined }), /TypeError/)
    // The tenant's own key cannot open what is not globally routable.
    await assert.rejects(ask({ globalOutbound: undefined, egress: { rules } }), { code: 'egress_not_allowed', status: 403 })
    await assert.rejects(tenant.ceiling.put({ rules }), { status: 403 })
    await admin.tenant(slug).ceiling.put({ rules: [{ ...rules[0], private_addresses: true }, { action: 'allow', host: '*' }] })
    assert.match(await ask({ globalOutbound: undefined }), /TypeError/)
    assert.equal(reached, 0)
    await tenant.egress.put({ rules: [{ action: 'allow', host: '*', ports: [world.port] }] })
    assert.equal(await ask({ globalOutbound: undefined }), 'world /a')
    assert.match(await ask({ globalOutbound: null }), /TypeError/)
    assert.match(await ask({ globalOutbound: undefined, egress: { rules: [{ action: 'allow', host: 'example.com' }] } }), /TypeError/)
    assert.equal(reached, 1)
  })

  test('a key that may not run cannot', async () => {
    const { slug } = await newTenant()
    const { key } = await admin.tenant(slug).keys.create({ preset: 'read-only' })
    await assert.rejects(createLoader({ url, key }).load(hello('x')).getEntrypoint().fetch('http://x/'), { name: 'ApiError', status: 403, code: 'forbidden' })
  })

  test('env.LOADER stands in for the one of cloudflare:workers', async () => {
    const { key } = await newTenant()
    const { env } = await import('isolet-client/workers')
    assert.throws(() => env.LOADER, /ISOLET_KEY/)
    Object.assign(process.env, { ISOLET_URL: url, ISOLET_KEY: key })
    const [one] = await asWritten(env, 'http://x/')
    assert.equal(await one.text(), 'hi 123 1,2note http://x/')
    assert.equal(env.LOADER, env.LOADER)
  })
})
