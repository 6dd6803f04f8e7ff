// DEVELOPMENT ONLY. The rarer states of the playground, against the fake API: binary, hostile text, no tenant, a bound key,
// session over, server gone, and how fast and how still the first load is. Pictures as in `look.mjs`.
//
//   node dev/look-states.mjs [--out /tmp/isolet-look]
import assert from 'node:assert/strict'
import { OUT, setCode, settled, shot } from './actions.mjs'
import { openBrowser, openPage } from './browser.mjs'
import { startFakeApi } from './fake-api.mjs'

const browser = await openBrowser()
const faults = []

async function open(flags = {}, options = {}) {
  const api = await startFakeApi(flags)
  const opened = await openPage(browser, api.origin, options)
  faults.push(opened.faults)
  const close = async () => {
    await opened.close()
    api.server.close()
    api.server.closeAllConnections()
  }
  return { ...opened, api, close }
}

const outcomeIs = (page, outcome) => page.waitForSelector(`[data-testid=outcome][data-outcome=${outcome}]`)

async function ready(page, origin) {
  await page.goto(`${origin}/#t=dev-link`)
  await page.waitForSelector('.cm-content')
}

async function firstLoad() {
  const { page, api, close } = await open()
  await page.addInitScript(() => {
    const shifts = []
    const observer = new PerformanceObserver((list) => shifts.push(...list.getEntries()))
    observer.observe({ type: 'layout-shift', buffered: true })
    globalThis.shiftSoFar = () => [...shifts, ...observer.takeRecords()].reduce((sum, { value }) => sum + value, 0)
  })
  await ready(page, api.origin)
  const readyMs = await page.evaluate(() => performance.now())
  await settled(page)
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  const figures = await page.evaluate(() => ({ paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime, shift: globalThis.shiftSoFar() }))
  console.log(`      first contentful paint ${figures.paint?.toFixed(0)} ms, ready ${readyMs.toFixed(0)} ms, layout shift ${figures.shift.toFixed(4)}`)
  assert.ok(figures.shift < 0.01, `layout shift ${figures.shift}`)
  await page.click('[data-testid=run]')
  await outcomeIs(page, 'ok')
  await close()
}

async function binaryAndHostile() {
  const { page, api, close } = await open({}, { colorScheme: 'dark' })
  await ready(page, api.origin)
  await setCode(page, 'export default () => new Response(Uint8Array.from({ length: 300 }, (_, i) => i % 256))')
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector('[data-testid=body][data-form=hex]')
  await shot(page, 'binary-dark')
  const nasty = '"><img src=x onerror=alert(1)><svg/onload=alert(2)>'
  await setCode(
    page,
    `export default () => {\n  console.warn(${JSON.stringify(`${nasty}\u001B[31m`)})\n  throw new Error(${JSON.stringify(`${nasty} at evil.js:1:1`)})\n}`,
  )
  await page.keyboard.press('Control+Enter')
  await outcomeIs(page, 'exception')
  assert.equal(await page.locator('main img, main [onload]').count(), 0)
  assert.ok((await page.textContent('[data-testid=console]')).includes(`${nasty}␛[31m`))
  assert.ok((await page.textContent('[data-testid=failure]')).includes(nasty))
  await shot(page, 'hostile-dark')
  await close()
}

async function chooseTenant(page, slug) {
  await page.getByRole('button', { name: /^Tenant: / }).click()
  await page.getByLabel('Find a tenant').fill(slug)
  await page.keyboard.press('Enter')
}

async function tenantStates() {
  const none = await open({ empty: true })
  await none.page.goto(`${none.api.origin}/#t=dev-link`)
  await none.page.waitForSelector('text=No tenant yet')
  await shot(none.page, 'no-tenant')
  await none.page.getByRole('button', { name: 'Create tenant' }).click()
  await none.page.waitForSelector('.cm-content')
  await none.page.getByRole('tab', { name: 'History' }).click()
  await none.page.waitForSelector('text=No prompts yet')
  await shot(none.page, 'no-history')
  await none.close()

  const bound = await open({ bound: true })
  await ready(bound.page, bound.api.origin)
  assert.equal(await bound.page.getByRole('button', { name: /^Tenant: / }).count(), 0)
  await bound.close()

  const many = await open()
  await ready(many.page, many.api.origin)
  await setCode(many.page, '// of demo')
  await chooseTenant(many.page, 'acme')
  await many.page.waitForFunction(() => !document.querySelector('.cm-content')?.textContent?.includes('of demo'))
  await chooseTenant(many.page, 'demo')
  await many.page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('of demo'))
  await many.close()
}

async function sessionAndServerGone() {
  const { page, api, faults: own, close } = await open()
  await page.goto(`${api.origin}/#t=wrong`)
  await page.waitForSelector('text=This sign-in link was used already')
  assert.equal(new URL(page.url()).hash, '')
  await shot(page, 'sign-in-refused')
  await page.fill('#key', 'nonsense')
  await page.keyboard.press('Enter')
  await page.waitForSelector('text=This key is not known here')
  await page.fill('#key', 'isl_admin_x')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.cm-content')
  assert.equal(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage }).includes('isl_')), 'false')

  await page.route('**/v1/tenants/demo/runs', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"title":"x","status":401,"code":"unauthorized"}' }))
  await page.click('[data-testid=run]')
  await page.waitForSelector('text=Your session has ended')
  await page.unroute('**/v1/tenants/demo/runs')
  await page.fill('#key', 'isl_admin_x')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.cm-content')

  api.server.close()
  api.server.closeAllConnections()
  const before = own.length
  await page.click('[data-testid=run]')
  await outcomeIs(page, 'unreachable')
  await shot(page, 'server-gone')
  own.splice(before)
  await close()
}

let failed = 0
for (const state of [firstLoad, binaryAndHostile, tenantStates, sessionAndServerGone]) {
  try {
    await state()
    console.log(`ok    ${state.name}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${state.name}\n${error.stack}`)
  }
}
await browser.close()
const all = faults.flat()
for (const fault of all) console.log(`fault ${fault}`)
console.log(failed + all.length === 0 ? `All as it should be; pictures in ${OUT}.` : `${failed} failed, ${all.length} faults.`)
process.exit(failed + all.length === 0 ? 0 : 1)
