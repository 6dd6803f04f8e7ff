// DEVELOPMENT ONLY. The logs page: with records of calls that a real host answered, then with made-up ones for what cannot be brought about
// at will: hostile texts, a connection that breaks and is taken up again.
import assert from 'node:assert/strict'
import { checkAccessibility, settled, shot, visit } from './actions.mjs'
import { apiOf } from './api.mjs'
import { callIngress } from './deployed.mjs'

const ESCAPE = String.fromCharCode(27)

let made = 0
function record(more = {}) {
  made += 1
  return {
    id: String(1_795_000_000_000_000 + made), time: new Date(Date.UTC(2026, 10, 26, 20, 0, made)).toISOString(), source: 'ingress',
    function: 'hello', alias: 'live', version: 'v_laorxgmnjtxvzm4xmeubq2y7si', version_number: 3, request_id: `req_${made}`, run_id: null,
    outcome: 'ok', status: 200, method: 'GET', path: `/orders/${made}`, duration_ms: 2.1, cpu_ms: 0.7, memory_peak_bytes: 4_400_000, cold: false,
    error: null, lines: [], lines_truncated: false, ...more,
  }
}

const PAST = [
  record({ outcome: 'cpu_limit', status: null, error: null }),
  record({
    outcome: 'exception', status: 500, error: { message: '<img src=x onerror=alert(1)>', file: 'main.ts', line: 3, column: 7 },
    lines: [{ t_ms: 1, level: 'warn', message: `<script>alert(2)</script> ${ESCAPE}[31mred`, file: 'main.ts', line: 4 }],
  }),
  record({ status: 201, lines: [{ t_ms: 0, level: 'log', message: 'made an order', file: null, line: null }] }),
].toReversed()

const sse = (event, data, id) => `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`

const TALK = `export default {
  fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/throw') throw new Error('as it was asked to')
    if (pathname === '/spin') for (;;) {}
    if (pathname === '/flood') for (let line = 0; line < 60; line += 1) console.log('x'.repeat(1000))
    console.warn('asked for ' + pathname)
    return new Response(pathname)
  },
}
`
const HOST = 'talk--demo.localhost'

function addRealLogs({ step, openSignedIn, origin, session, ingress }) {
  step('logs: real calls, live, paused, filtered, handed on, dropped', 60, async () => {
    const api = apiOf(origin, session())
    await api('PUT', '/v1/tenants/demo/functions/talk', {})
    await api('POST', '/v1/tenants/demo/functions/talk/deploy', { modules: { 'main.js': TALK }, main_module: 'main.js' })
    for (const [path, status] of [['/past', 200], ['/throw', 500], ['/spin', 503]]) assert.equal((await callIngress(ingress, HOST, path)).status, status)

    const { page, close } = await openSignedIn({})
    const row = (path) => page.locator('summary', { hasText: path })
    await visit(page, 'logs')
    await page.getByLabel('Function', { exact: true }).selectOption('talk')
    await row('/past').waitFor()
    await row('/throw').click()
    await page.locator('details[open]').getByText('as it was asked to').last().waitFor()
    // With the place in the tenant's own code.
    await page.locator('details[open]').getByText('main.js:4').first().waitFor()
    await row('/throw').click()

    await page.getByText('Live', { exact: true }).waitFor()
    await callIngress(ingress, HOST, '/live')
    await row('/live').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await callIngress(ingress, HOST, '/aside')
    await page.getByText('Paused, 1 new').waitFor()
    assert.equal(await row('/aside').count(), 0)
    await page.getByRole('button', { name: 'Go on' }).click()
    await row('/aside').waitFor()

    await page.getByLabel('Outcome').selectOption('cpu_limit')
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=records] > ul > li').length === 1)
    await row('/spin').click()
    await shot(page, 'logs-real')
    await page.getByRole('button', { name: 'Only this request' }).click()
    await page.waitForFunction(() => location.hash.includes('request_id=req_'))
    await page.reload()
    await settled(page, 'logs')
    await row('/spin').waitFor()
    assert.equal(await page.locator('[data-testid=records] > ul > li').count(), 1)

    await visit(page, 'logs')
    await page.getByLabel('Search in the text').fill('asked for /aside')
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=records] > ul > li').length === 1)
    await row('/aside').waitFor()
    await page.getByLabel('Search in the text').fill('')
    await row('/throw').waitFor()

    // More than a tenant may write in a second: what is left out is counted, not hidden.
    await page.getByText('Live', { exact: true }).waitFor()
    const floods = await Promise.all(Array.from({ length: 20 }, () => callIngress(ingress, HOST, '/flood')))
    assert.ok(floods.some(({ status }) => status === 200))
    await page.getByText(/records? not shown here/).first().waitFor()
    await checkAccessibility(page, 'real logs')
    await shot(page, 'logs-dropped')
    await close()
  })
}

export function addLogSteps(walk) {
  if (walk.ingress !== undefined) addRealLogs(walk)
  addMadeUpLogs(walk)
}

function addMadeUpLogs({ step, openSignedIn, origin }) {
  step('logs: past, live, dropped, paused, taken up again, filtered', 40, async () => {
    const { page, close } = await openSignedIn({})
    const asked = []
    const answers = []
    await page.route(/\/v1\/tenants\/demo\/logs\?/, async (route) => {
      const { searchParams } = new URL(route.request().url())
      const headers = await route.request().allHeaders()
      if (!headers.accept.includes('event-stream')) {
        const outcome = searchParams.get('outcome')
        return route.fulfill({ json: { data: PAST.filter((entry) => outcome === null || entry.outcome === outcome), next_cursor: null } })
      }
      asked.push(headers['last-event-id'])
      const body = answers.shift()
      return body === undefined ? new Promise(() => undefined) : route.fulfill({ headers: { 'content-type': 'text/event-stream' }, body })
    })
    const first = record({ path: '/live/first' })
    const second = record({ path: '/live/second' })
    answers.push(sse('log', first, first.id) + sse('dropped', { count: 4 }), sse('log', second, second.id))
    await page.goto(`${origin}/#/logs`)
    await page.getByText('/live/first').waitFor()
    await page.getByText('4 records not shown here').waitFor()
    await page.getByText('/live/second').waitFor()
    // The second connection went on after the last record of the first.
    assert.deepEqual(asked.slice(0, 2), [PAST[0].id, first.id])

    await page.locator('summary', { hasText: '/orders/2' }).click()
    await page.getByText('<script>alert(2)</script> ␛[31mred').last().waitFor()
    await checkAccessibility(page, 'logs')
    await shot(page, 'logs')
    await page.getByRole('button', { name: 'Only this request' }).click()
    await page.getByRole('button', { name: /^req_2/ }).waitFor()
    assert.ok(page.url().includes('tenant=demo') && page.url().includes('request_id=req_2'))
    await page.getByRole('button', { name: /^req_2/ }).click()
    await page.getByLabel('Outcome').selectOption('cpu_limit')
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=records] > ul > li').length === 1)
    assert.ok(page.url().endsWith('outcome=cpu_limit'))
    await page.getByLabel('Outcome').selectOption('wall_limit')
    await page.getByText('No record is like that').waitFor()
    await page.getByRole('button', { name: 'All records' }).click()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused').waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    await close()
  })
}
