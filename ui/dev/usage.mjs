// DEVELOPMENT ONLY. Charts and usage with figures that are made up here. (What the host measures, its own tests see to.)
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { checkAccessibility, shot } from './actions.mjs'

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

export function addUsageSteps({ step, openSignedIn, origin }) {
  step('usage: charts in both themes, as tables, windows, a file', 60, async () => {
    for (const colorScheme of ['light', 'dark']) {
      const { page, close } = await openSignedIn({ colorScheme })
      await page.route(/\/metrics\?/, (route) => route.fulfill({ json: metrics(new URL(route.request().url())) }))
      await page.goto(`${origin}/#/usage`)
      await page.locator('figure canvas').nth(5).waitFor()
      await page.locator('figure', { hasText: 'Duration' }).locator('.u-over').hover()
      await checkAccessibility(page, `charts, ${colorScheme}`)
      await shot(page, `usage-${colorScheme}`)
      await page.locator('figure summary').first().click()
      assert.equal(await page.locator('figure').first().locator('tbody tr').count(), MINUTES)
      await page.getByRole('radio', { name: '7 days' }).check()
      assert.ok(page.url().endsWith('range=7d'))
      await page.goto(`${origin}/#/functions/hello/metrics`)
      await page.locator('figure canvas').nth(5).waitFor()
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
