// The client's resources on a real host: answers, tags, conditions, problems, lists, runs as events, invocations that stream both ways.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { ApiError, ConnectionError, createClient, etagOf, every } from 'isolet-client'
import { OF_HOST, OF_TENANT } from '../client/dist/resources.js'
import { OPERATIONS } from '../client/dist/generated/operations.js'
import { admin, adminKey, code, newTenant, url } from './host.mjs'

const HELLO = 'export default { fetch: (request) => new Response("hello " + new URL(request.url).pathname) }'
/** Of no use to programs, or another call's business: pages for people, the console's sign-in, files, what streams. */
const WITHOUT_METHOD = /^(check_code|get_component|get_metrics|get_problem|list_problems|open_session|create_link|invoke_function.*)$/

suite('client', () => {
  test('every operation of the API has a method', () => {
    const methods = Object.values({ ...OF_HOST, ...OF_TENANT }).flatMap((resource) => Object.values(resource))
    const missing = Object.keys(OPERATIONS).filter((name) => !methods.includes(name) && !WITHOUT_METHOD.test(name))
    assert.deepEqual(missing, [])
    assert.equal(new Set(methods).size, methods.length, 'an operation has two names')
  })

  test('a function is made, deployed, invoked, rolled back and deleted', async () => {
    const { of: tenant } = await newTenant()
    const made = await tenant.functions.put('hello', { labels: { team: 'a' } })
    assert.equal(made.live_version, null)
    const first = await tenant.functions.deploy('hello', code(HELLO))
    assert.equal(await (await tenant.invoke('hello', '/x?y')).text(), 'hello /x')
    await tenant.functions.deploy('hello', code(HELLO.replace('hello', 'goodbye')))
    assert.equal(await (await tenant.invoke('hello', '/x')).text(), 'goodbye /x')
    await tenant.functions.rollback('hello')
    assert.equal(await (await tenant.invoke('hello', '/x')).text(), 'hello /x')
    const source = await tenant.versions.source('hello', first.version)
    assert.equal(source.modules['main.js'], HELLO)
    await tenant.env.set('hello', { name: 'A', value: '1' })
    assert.deepEqual((await tenant.env.list('hello')).data, [{ name: 'A', value: '1' }])
    assert.equal(await tenant.env.delete('hello', 'A'), undefined)
    assert.equal(await tenant.functions.delete('hello'), undefined)
    await assert.rejects(tenant.functions.get('hello'), { name: 'ApiError', code: 'function_not_found', status: 404 })
  })

  test('conditions are asked with the tag of what was read', async () => {
    const { of: tenant } = await newTenant()
    await tenant.functions.put('f', {}, { ifNoneMatch: '*' })
    await assert.rejects(tenant.functions.put('f', {}, { ifNoneMatch: '*' }), { code: 'precondition_failed', status: 412 })
    const read = await tenant.functions.get('f')
    assert.match(etagOf(read), /^".+"$/)
    await tenant.functions.put('f', { labels: { a: 'b' } }, { ifMatch: etagOf(read) })
    await assert.rejects(tenant.functions.put('f', {}, { ifMatch: etagOf(read) }), { code: 'precondition_failed' })
  })

  test('refusals are errors with code, page, faults and request id', async () => {
    const { of: tenant } = await newTenant()
    const refused = await tenant.functions.deploy('absent', {}).catch((error) => error)
    assert.ok(refused instanceof ApiError)
    await tenant.functions.put('f', {})
    const broken = await tenant.functions.deploy('f', code('export default {\n  fetch: (((')).catch((error) => error)
    assert.equal(broken.code, 'build_failed')
    assert.equal(broken.status, 422)
    assert.equal(broken.errors[0].file, 'main.js')
    assert.ok(broken.errors[0].line >= 2, JSON.stringify(broken.errors))
    assert.match(broken.problem.docs, /\/problems\/build_failed$/)
    assert.ok(broken.requestId)
    await assert.rejects(tenant.functions.put('f', { label: {} }), { code: 'malformed_request', status: 400 })
    await assert.rejects(tenant.limits.put({ cpu_ms: 1 }), { code: 'forbidden', status: 403 })
    const stranger = createClient({ url, key: 'isl_tenant_0000000000000000000000000000' })
    await assert.rejects(stranger.tenant().functions.list(), { code: 'unauthenticated', status: 401 })
    const other = await newTenant()
    await assert.rejects(createClient({ url, key: other.key }).tenant((await admin.tenants.list()).data[0].slug).functions.list(), { code: 'tenant_not_found' })
  })

  test('a host that is not there is a connection error with its cause', async () => {
    const nowhere = createClient({ url: 'http://127.0.0.1:1', key: 'k', retries: 0 })
    const error = await nowhere.host.info().catch((thrown) => thrown)
    assert.ok(error instanceof ConnectionError)
    assert.ok(error.cause)
  })

  test('names that would lead elsewhere are refused, others are encoded', async () => {
    const { of: tenant } = await newTenant()
    for (const name of ['', '.', '..', undefined, null, 7]) await assert.rejects(async () => tenant.functions.get(name), TypeError)
    for (const name of ['../../tenants', 'a/b', 'a?x=1', 'a#b', '%2e%2e', 'a\r\nb', 'ü', '\0']) {
      const error = await tenant.functions.get(name).catch((thrown) => thrown)
      assert.ok(error instanceof ApiError && [400, 404].includes(error.status), `${name}: ${error}`)
    }
    await tenant.functions.put('f', {})
    await tenant.functions.deploy('f', code(HELLO))
    for (const path of ['/../x', '/a/..', '/%2E%2e/x', '/./x', '\\..\\x', 'x']) await assert.rejects(tenant.invoke('f', path), TypeError, path)
    assert.equal(await (await tenant.invoke('f', '/a//b%2Fc/..d?q=/../y#frag')).text(), 'hello /a//b%2Fc/..d')
  })

  test('lists are read page by page', async () => {
    const { of: tenant } = await newTenant()
    for (let number = 0; number < 7; number++) await tenant.functions.put(`f-${number}`, {})
    const names = []
    for await (const { name } of every((page) => tenant.functions.list(page), 3)) names.push(name)
    assert.deepEqual(names, ['f-0', 'f-1', 'f-2', 'f-3', 'f-4', 'f-5', 'f-6'])
    assert.equal((await tenant.functions.list({ limit: 2 })).data.length, 2)
  })

  test('what is created with one key is created once', async () => {
    const options = { idempotencyKey: crypto.randomUUID() }
    const [one, two] = [await admin.tenants.create({ slug: 'only-once' }, options), await admin.tenants.create({ slug: 'only-once' }, options)]
    assert.deepEqual(two, one)
    await assert.rejects(admin.tenants.create({ slug: 'other' }, options), { code: 'idempotency_key_reused' })
    await assert.rejects(admin.tenants.create({ slug: 'only-once' }), { code: 'slug_taken' })
  })

  test('a run comes whole, or as events while it goes on', async () => {
    const { of: tenant } = await newTenant()
    const text = `export default { async fetch() { console.log('one'); const { readable, writable } = new TransformStream(); const w = writable.getWriter();
      (async () => { for (const n of [1, 2, 3]) { await w.write(new TextEncoder().encode('part ' + n)); await new Promise((d) => setTimeout(d, 60)) } await w.close() })();
      return new Response(readable, { headers: { 'x-a': 'b' } }) } }`
    const whole = await tenant.runs.create({ code: code(text), record: false })
    assert.equal(whole.response.body.text, 'part 1part 2part 3')
    const seen = []
    const times = []
    for await (const event of tenant.stream({ code: code(text), record: false })) {
      seen.push(event.event)
      if (event.event === 'body' && event.data.length > 0) times.push(performance.now())
      if (event.event === 'done') assert.equal(event.data.outcome, 'ok')
    }
    assert.ok(seen.includes('log') && seen.includes('head'), seen.join())
    assert.equal(seen.at(-1), 'done')
    assert.equal(times.length, 3)
    assert.ok(times[2] - times[0] > 80, `all at once: ${times}`)
    await assert.rejects(tenant.stream({ code: code('export default 1'), record: false }).next(), { code: 'startup_failed' })
  })

  test('leaving a run early ends it', async () => {
    const { of: tenant } = await newTenant()
    const endless = code(`export default { fetch: () => new Response(new ReadableStream({ async pull(c) { await new Promise((d) => setTimeout(d, 20)); c.enqueue(new Uint8Array(10)) } })) }`)
    let chunks = 0
    for await (const event of tenant.stream({ code: endless, record: true })) if (event.event === 'body' && ++chunks === 3) break
    let recorded
    for (let attempt = 0; attempt < 100 && !recorded; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      recorded = (await tenant.runs.list()).data[0]
    }
    assert.equal(recorded.outcome, 'client_disconnected')
    const stop = new AbortController()
    const aborted = (async () => {
      for await (const event of tenant.stream({ code: endless, record: false }, { signal: stop.signal })) if (event.event === 'head') stop.abort()
    })()
    await assert.rejects(aborted, { name: 'AbortError' })
  })

  test('an invocation streams both ways at once', async () => {
    const { of: tenant } = await newTenant()
    await tenant.functions.put('echo', {})
    await tenant.functions.deploy('echo', code('export default { fetch: (request) => new Response(request.body, { headers: { "x-method": request.method } }) }'))
    let feed
    const body = new ReadableStream({ start: (controller) => (feed = controller) })
    const encoder = new TextEncoder()
    const asked = tenant.invoke('echo', '/', { method: 'POST', body })
    feed.enqueue(encoder.encode('one'))
    const answer = await asked
    assert.equal(answer.headers.get('x-method'), 'POST')
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    assert.equal((await reader.read()).value, 'one')
    feed.enqueue(encoder.encode('two'))
    assert.equal((await reader.read()).value, 'two')
    feed.close()
    assert.equal((await reader.read()).done, true)
  })

  test('a component is uploaded by the operator, and by nobody else', async () => {
    const { slug, of: tenant } = await newTenant()
    const component = readFileSync(process.env.ISOLET_COMPONENT)
    await assert.rejects(tenant.functions.put('native', { kind: 'component' }), { code: 'forbidden' })
    const operators = admin.tenant(slug)
    assert.equal((await operators.functions.put('native', { kind: 'component' })).kind, 'component')
    await assert.rejects(tenant.upload('native', component), { code: 'forbidden', status: 403 })
    await assert.rejects(operators.upload('native', component.subarray(0, 1000)), { code: 'build_failed', status: 422 })
    const { id } = await operators.upload('native', component)
    await operators.functions.deploy('native', { version: id })
    assert.equal(await (await tenant.invoke('native', '/x?y', { method: 'PUT' })).text(), 'PUT /x?y')
    assert.equal(await (await tenant.invoke('native', '/echo', { method: 'POST', body: 'twice' })).text(), 'twice')
  })

  test('a function without an answer is an error with its outcome; its own refusals are answers', async () => {
    const { of: tenant } = await newTenant()
    await tenant.functions.put('f', {})
    await tenant.functions.deploy('f', code(`export default { fetch(r) { if (r.url.endsWith('throw')) throw new Error('no'); if (r.url.endsWith('spin')) for (;;); return new Response('teapot', { status: 418, headers: { location: '/x' } }) } }`))
    assert.equal((await tenant.invoke('f')).status, 418)
    await assert.rejects(tenant.invoke('f', '/throw'), { name: 'ApiError', code: 'exception', outcome: 'exception', status: 500 })
    await assert.rejects(tenant.invoke('f', '/spin'), { code: 'cpu_limit', status: 503 })
    await assert.rejects(tenant.invoke('g'), { code: 'function_not_found' })
  })

  test('the key is asked for each time, and told to nobody else', async () => {
    let asked = 0
    const rotating = createClient({ url, key: async () => (asked++, adminKey) })
    await rotating.host.whoami()
    await rotating.host.whoami()
    assert.equal(asked, 2)
    const { of: tenant } = await newTenant()
    await tenant.functions.put('f', {})
    await tenant.functions.deploy('f', code('export default { fetch: (r) => new Response(JSON.stringify([...r.headers])) }'))
    assert.doesNotMatch(await (await tenant.invoke('f')).text(), /authorization|isl_/)
    assert.throws(() => createClient({ url: 'http://user:pass@h', key: 'k' }), TypeError)
    assert.throws(() => createClient({ url: 'file:///x', key: 'k' }), TypeError)
  })

  test('the sources say what they need no more than Node 20, browsers and Workers have', () => {
    for (const file of ['client', 'errors', 'events', 'loader', 'resources', 'transport', 'worker-code', 'workers']) {
      const text = readFileSync(new URL(`../client/dist/${file}.js`, import.meta.url), 'utf8')
      assert.doesNotMatch(text, /from '(?!\.)|require\(|\bBuffer\b|document\.|window\./, file)
    }
  })
})
