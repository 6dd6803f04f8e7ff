// DEVELOPMENT ONLY. The logs page with records that are made up here, hostile ones among them: past, live, dropped, paused, taken up again
// after the connection broke, filtered by the address. (What the host itself records is the host's tests' business.)
import assert from 'node:assert/strict'
import { checkAccessibility, shot } from './actions.mjs'

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

export function addLogSteps({ step, openSignedIn, origin }) {
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
    assert.ok(page.url().includes('request_id=req_2'))
    await page.getByRole('button', { name: /^req_2/ }).click()
    await page.getByLabel('Outcome').selectOption('cpu_limit')
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=records] li').length === 1)
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
