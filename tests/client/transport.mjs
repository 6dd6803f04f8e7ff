// When the client sends again and when it does not: against a server that misbehaves as it is told.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createClient } from 'isolet-client'
import { serve } from './host.mjs'

/** A client of a server that answers each request with the next of these; the last one again and again. */
async function facing(t, answers, options) {
  const seen = []
  const { url } = await serve(t, (request, response) => {
    seen.push({ at: performance.now(), method: request.method, url: request.url, key: request.headers['idempotency-key'] })
    const [status, body = {}, headers = {}] = answers[Math.min(seen.length, answers.length) - 1]
    if (status === 'reset') return request.socket.destroy()
    request.resume()
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  return { seen, client: createClient({ url, key: 'k', ...options }) }
}

suite('transport', () => {
  test('a POST that can be repeated is, with one key', async (t) => {
    const { seen, client } = await facing(t, [['reset'], [503, { code: 'store_unavailable' }], [201, { slug: 'a' }]])
    assert.deepEqual(await client.tenants.create({ slug: 'a' }), { slug: 'a' })
    assert.equal(seen.length, 3)
    assert.equal(new Set(seen.map(({ key }) => key)).size, 1)
    assert.match(seen[0].key, /^[\da-f-]{36}$/)
  })

  test('Retry-After is waited for', async (t) => {
    const { seen, client } = await facing(t, [[429, { code: 'rate_limited', retry_after_ms: 400 }], [200, {}]])
    await client.host.info()
    assert.ok(seen[1].at - seen[0].at >= 390, `${seen[1].at - seen[0].at}`)
  })

  test('a wait that is too long is the caller\'s to decide on', async (t) => {
    const { seen, client } = await facing(t, [[503, { code: 'overloaded' }, { 'retry-after': '3600' }]])
    await assert.rejects(client.host.info(), { code: 'overloaded', retryAfterMs: 3_600_000 })
    assert.equal(seen.length, 1)
  })

  test('what a repetition could change is not repeated', async (t) => {
    const { seen, client } = await facing(t, [['reset']])
    const tenant = client.tenant('a')
    for (const call of [
      () => tenant.functions.put('f', {}, { ifMatch: '"x"' }),
      () => tenant.functions.delete('f', { ifNoneMatch: '*' }),
      () => client.tenants.update('a', {}),
      () => client.tenants.suspend('a', {}),
      () => tenant.stream({ code: { function: 'f' } }).next(),
      () => tenant.invoke('f'),
    ]) {
      const before = seen.length
      await assert.rejects(call(), { name: 'ConnectionError' })
      assert.equal(seen.length, before + 1, String(call))
    }
  })

  test('refusals are not repeated, and repetitions have an end', async (t) => {
    const refused = await facing(t, [[422, { code: 'invalid_request' }]])
    await assert.rejects(refused.client.tenants.create({}), { code: 'invalid_request' })
    assert.equal(refused.seen.length, 1)
    const broken = await facing(t, [[500, { code: 'internal' }]])
    await assert.rejects(broken.client.host.info(), { code: 'internal' })
    assert.equal(broken.seen.length, 1)
    const away = await facing(t, [[502, '<html>']], { retries: 2 })
    await assert.rejects(away.client.host.info(), { name: 'ApiError', code: 'http_502' })
    assert.equal(away.seen.length, 3)
  })

  test('aborting ends the wait between attempts with the signal\'s reason', async (t) => {
    const { client } = await facing(t, [[503, { code: 'overloaded', retry_after_ms: 5000 }]])
    const began = performance.now()
    await assert.rejects(client.host.info({ signal: AbortSignal.timeout(150) }), { name: 'TimeoutError' })
    assert.ok(performance.now() - began < 2000)
  })

  test('redirects are not followed, so the key goes nowhere else', async (t) => {
    let reached = 0
    const other = await serve(t, (_, response) => response.end(String(reached++)))
    const { client } = await facing(t, [[307, {}, { location: other.url }]])
    await assert.rejects(client.host.info(), { name: 'ApiError', status: 307 })
    assert.equal(reached, 0)
  })

  test('problems that are none, and streams that break off', async (t) => {
    const odd = await facing(t, [[400, 'not json'], [400, 'null'], [400, '[]']])
    for (const _ of [1, 2, 3]) await assert.rejects(odd.client.host.info(), { name: 'ApiError', status: 400, code: 'http_400' })
    const events = { 'content-type': 'text/event-stream' }
    for (const text of ['', ': alive\n\n', 'event: head\ndata: {"status":200,"headers":[]}\n\n', 'event: body\ndata: not json\n\n']) {
      const { client } = await facing(t, [[200, text, events]])
      const all = async () => {
        for await (const _ of client.tenant('a').stream({ code: { function: 'f' } }));
      }
      await assert.rejects(all(), { name: 'StreamError' }, JSON.stringify(text))
    }
  })

  test('events are read however they are cut and whatever ends their lines', async (t) => {
    const text = 'event: head\r\ndata: {"status":200,\r\ndata:"headers":[["a","ü€😀"]]}\r\n\r\n:x\n\nevent: later\ndata: 1\n\nevent: done\rdata: {"outcome":"ok"}\r\r'
    const { url } = await serve(t, async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const byte of Buffer.from(text)) {
        response.write(Buffer.of(byte))
        await new Promise(setImmediate)
      }
      response.end()
    })
    const seen = []
    for await (const event of createClient({ url, key: 'k' }).tenant('a').stream({ code: { function: 'f' } })) seen.push(event)
    assert.deepEqual(seen, [
      { event: 'head', data: { status: 200, headers: [['a', 'ü€😀']] } },
      { event: 'later', data: 1 },
      { event: 'done', data: { outcome: 'ok' } },
    ])
  })
})
