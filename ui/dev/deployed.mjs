// DEVELOPMENT ONLY. A function's way to its callers, for `look.mjs`: deployed with the console's own session, called at the ingress by
// its host name, run once more so that the tenant's history has it (the ingress itself keeps no record of single requests).
import assert from 'node:assert/strict'
import { request } from 'node:http'

const CODE = `let calls = 0
export default {
  fetch(request) {
    calls += 1
    return new Response('call ' + calls + ': ' + new URL(request.url).searchParams.get('q'), { status: 203 })
  },
}
`

/** `fetch` would put a `Host` of its own. */
export function callIngress(ingress, host, path) {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, ingress), { headers: { host }, agent: false }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

export async function deployed({ origin, token, ingress }) {
  const api = async (method, path, body) => {
    const sent = { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`${origin}/v1/tenants/demo${path}`, sent)
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
  const host = 'walked--demo.localhost'
  assert.equal((await callIngress(ingress, host, '/')).status, 404)

  await api('PUT', '/functions/walked', {})
  const { url } = await api('POST', '/functions/walked/deploy', { modules: { 'main.js': CODE }, main_module: 'main.js' })
  assert.equal(new URL(url).host, `${host}:${new URL(ingress).port}`)
  // The second call does not see the first.
  for (const word of ['one', 'two']) assert.deepEqual(await callIngress(ingress, host, `/?q=${word}`), { status: 203, text: `call 1: ${word}` })
  assert.equal((await callIngress(ingress, 'elsewhere.example', '/')).status, 421)

  const prompt = 'asked of the deployed function'
  const answer = `call 1: ${prompt}`
  const run = await api('POST', '/runs', { code: { function: 'walked' }, prompt })
  assert.deepEqual([run.outcome, run.response.status, run.response.body], ['ok', 203, { text: answer }])
  return { prompt, answer }
}
