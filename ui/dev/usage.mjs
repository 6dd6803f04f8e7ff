// DEVELOPMENT ONLY. Charts and usage: of calls that a real host answered, then with made-up figures for charts that are full.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { checkAccessibility, shot, visit } from './actions.mjs'
import { apiOf } from './api.mjs'
import { callIngress } from './deployed.mjs'

const MINUTES = 60
const wave = (base, swing, at) => base + swing * Math.sin(at / 7)

function metrics(url) {
  const first = Math.floor(Date.parse(url.searchParams.get('start')) / 60_000) * 60
  const times = Array.from({ length: MINUTES }, (_, at) => first + at * 60)
  const series = (name, labels, of) => ({ name, labels, values: times.map((_, at) => of(at)) })
  const all = [
    series('requests', {}, (at) => Math.round(wave(120, 60, at))), series('errors', {}, (at) => (at % 9 === 4 ? 6 : 0)),
    series('duration_p50_ms', {}, (at) => (at === 20 ? null : wave(2, 0.6, at))), series('duration_p95_ms', {}, (at) => wave(6, 2, at)), series('duration_p99_ms', {}, (at) => wave(14, 7, at)),
    series('cpu_ms', {}, (at) => wave(90, 40, at)), series('memory_peak_bytes', {}, (at) => wave(9e6, 3e6, at)), series('cold_starts', {}, (at) => (at % 15 === 0 ? 3 : 0)),
    series('subrequests', {}, (at) => Math.round(wave(20, 10, at))), series('request_bytes', {}, () => 12_000), series('response_bytes', {}, (at) => wave(300_000, 90_000, at)), series('egress_bytes', {}, () => 4000),
  ]
  const outcomes = [series('requests', { outcome: 'ok' }, () => 110), series('requests', { outcome: 'cpu_limit' }, () => 3), series('requests', { outcome: 'exception' }, () => 2), series('requests', { outcome: 'rate_limited' }, () => 1)]
  return { step: '1m', step_s: 60, times, series: url.searchParams.get('group_by') === 'outcome' ? outcomes : all }
}

const windows = Array.from({ length: 30 }, (_, at) => ({
  window_start: new Date(Date.UTC(2026, 10, 25, at)).toISOString(), window_end: new Date(Date.UTC(2026, 10, 25, at + 1)).toISOString(), labels: { tenant: at % 2 ? 'demo' : '=cmd|calc' },
  requests: 100 + at, duration_ms: 3000, cpu_ms: 840, memory_mib_s: 12, cold_starts: 1, subrequests: 0, request_bytes: 0, response_bytes: 120_000, egress_bytes: 0, closed: at < 28, digest: at < 28 ? `b3:${at}` : null,
}))

const CODE = `export default {
  fetch(request) {
    if (new URL(request.url).pathname === '/throw') throw new Error('counted')
    return new Response('x'.repeat(1000))
  },
}
`
const HOST = 'counted--demo.localhost'
const GOOD = 6
const BAD = 2

function addRealFigures({ step, openSignedIn, origin, session, ingress }) {
  step('usage: figures of real calls, in charts, windows and a file', 60, async () => {
    const api = apiOf(origin, session())
    await api('PUT', '/v1/tenants/demo/functions/counted', {})
    await api('POST', '/v1/tenants/demo/functions/counted/deploy', { modules: { 'main.js': CODE }, main_module: 'main.js' })
    for (let call = 0; call < GOOD + BAD; call += 1) await callIngress(ingress, HOST, call < GOOD ? '/' : '/throw')

    const { page, close } = await openSignedIn({})
    await visit(page, 'functions/counted/metrics')
    // The host sends its counts every ten seconds, and the page asks as often: it shows them without being touched.
    const figure = (label) => page.locator('dl > div', { hasText: label }).locator('dd').first()
    await page.locator('dl > div', { hasText: 'Requests' }).getByText(String(GOOD + BAD), { exact: true }).waitFor({ timeout: 30_000 })
    assert.equal(await figure('Failed').textContent(), `${((BAD / (GOOD + BAD)) * 100).toFixed(2)} %`)
    await page.getByText(/^\s*ok 6 \(75\.0 %\)/).waitFor()
    await page.locator('figure', { hasText: 'Requests' }).locator('summary').first().click()
    const rows = await page.locator('figure').first().locator('tbody tr').allTextContents()
    assert.ok(rows.length > 1)
    assert.equal(rows.filter((row) => /[1-9]\d*[^0-9]*$/.test(row)).length > 0, true)
    const chart = page.getByRole('figure', { name: 'Outcomes' })
    await chart.locator('summary').click()
    const ended = await chart.locator('tbody tr').evaluateAll((lines) => lines.map((line) => [...line.querySelectorAll('td')].map((cell) => (cell.textContent === '–' ? 0 : Number(cell.textContent)))))
    const sums = ended.reduce((sum, line) => sum.map((value, at) => value + line[at]), [0, 0, 0, 0])
    assert.deepEqual(sums, [GOOD, 0, 0, BAD])
    await shot(page, 'metrics-real')

    await visit(page, 'usage/windows')
    await page.getByLabel('Summed by').fill('function')
    const row = page.locator('tr', { hasText: 'function: counted' })
    await row.first().waitFor()
    const counts = await row.locator('td:nth-child(3)').allTextContents()
    // Two windows where an hour ended meanwhile.
    assert.equal(counts.reduce((sum, text) => sum + Number(text), 0), GOOD + BAD)
    await shot(page, 'usage-real')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as CSV' }).click()])
    const [head, ...lines] = readFileSync(await download.path(), 'utf8').trim().split(/\r?\n/)
    const at = head.split(',').indexOf('requests')
    const own = lines.filter((line) => line.split(',').includes('counted'))
    assert.equal(own.reduce((sum, line) => sum + Number(line.split(',')[at]), 0), GOOD + BAD)

    // Summed by a label of the tenant's.
    const { labels } = await api('GET', '/v1/tenants/demo')
    await api('PATCH', '/v1/tenants/demo', { labels: { ...labels, tier: 'gold' } }, { 'if-match': await api.etag('/v1/tenants/demo') })
    await page.getByLabel('Summed by').fill('label.tier')
    await page.locator('tr', { hasText: 'gold' }).first().waitFor()
    await api('PATCH', '/v1/tenants/demo', { labels }, { 'if-match': await api.etag('/v1/tenants/demo') })

    // The list of tenants tells the same of the day.
    await visit(page, 'overview')
    const demo = page.getByRole('row', { name: /demo/ })
    await demo.getByRole('meter').waitFor()
    const [, requests, outcomes] = await demo.getByRole('cell').allTextContents()
    assert.ok(Number(requests.replace(',', '')) >= GOOD + BAD, requests)
    assert.match(outcomes, /failed \d+\.\d %/)
    await shot(page, 'tenants-real')
    await close()
  })
}

export function addUsageSteps(walk) {
  if (walk.ingress !== undefined) addRealFigures(walk)
  addMadeUpFigures(walk)
}

function addMadeUpFigures({ step, openSignedIn, origin }) {
  step('usage: charts in both themes, as tables, windows, a file', 60, async () => {
    for (const colorScheme of ['light', 'dark']) {
      const { page, close } = await openSignedIn({ colorScheme })
      await page.route(/\/metrics\?/, (route) => route.fulfill({ json: metrics(new URL(route.request().url())) }))
      await page.goto(`${origin}/#/usage`)
      await page.locator('figure canvas').nth(6).waitFor()
      await page.locator('figure', { hasText: 'Duration' }).locator('.u-over').hover()
      await checkAccessibility(page, `charts, ${colorScheme}`)
      await shot(page, `usage-${colorScheme}`)
      await page.locator('figure summary').first().click()
      assert.equal(await page.locator('figure').first().locator('tbody tr').count(), MINUTES)
      await page.getByRole('radio', { name: '7 days' }).check()
      assert.ok(page.url().endsWith('range=7d'))
      await page.goto(`${origin}/#/functions/hello/metrics`)
      await page.locator('figure canvas').nth(6).waitFor()
      await shot(page, `function-metrics-${colorScheme}`)
      await close()
    }

    const { page, close } = await openSignedIn({})
    await page.route(/\/v1\/usage\?/, async (route) => {
      const { accept } = await route.request().allHeaders()
      return accept.includes('csv') ? route.fulfill({ headers: { 'content-type': 'text/csv' }, body: 'window_start,tenant\n' }) : route.fulfill({ json: { data: windows, next_cursor: null } })
    })
    await page.goto(`${origin}/#/usage/windows`)
    await page.getByText('30 windows').waitFor()
    await checkAccessibility(page, 'usage windows')
    await shot(page, 'usage-windows')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as CSV' }).click()])
    assert.match(download.suggestedFilename(), /^usage-.*\.csv$/)
    assert.equal(readFileSync(await download.path(), 'utf8'), 'window_start,tenant\n')
    await close()
  })
}
