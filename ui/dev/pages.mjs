// DEVELOPMENT ONLY. The pages beside the playground, used and looked at against a real host, in the order of the navigation. A page's own
// steps have a file each below `pages/`; here is the shell around them, and every page's looks: both themes and a phone, with axe.
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { checkAccessibility, runExample, settled, shot, visit } from './actions.mjs'
import { tabThrough } from './keyboard.mjs'
import { addAuditSteps } from './audit.mjs'
import { addDialogSteps } from './dialogs.mjs'
import { addFunctionSteps } from './functions.mjs'
import { addInjectionSteps } from './injection.mjs'
import { addLogSteps } from './logs.mjs'
import { addPlaygroundSteps } from './playground.mjs'
import { addPreviewSteps } from './preview.mjs'
import { addReferenceSteps } from './reference.mjs'
import { addTenantSteps } from './tenants.mjs'
import { addUsageSteps } from './usage.mjs'

/** Of all script that a visit to the playground loads before anything is done, gzip. */
const FIRST_LOAD_KB = 250

function addFirstLoad({ step, openSignedIn, origin }) {
  step('the playground loads little, and is there soon', 30, async () => {
    const { page, close } = await openSignedIn({})
    await page.reload()
    await page.waitForSelector('.cm-content')
    const { ready, paint, scripts } = await page.evaluate(() => ({
      ready: performance.now(),
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      scripts: performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js')),
    }))
    const sizes = await Promise.all([...new Set(scripts)].map(async (url) => gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length))
    const kilobytes = sizes.reduce((sum, size) => sum + size, 0) / 1000
    console.log(`      ${kilobytes.toFixed(0)} kB of script (gzip) in ${sizes.length} files; first contentful paint ${paint?.toFixed(0)} ms, ready ${ready.toFixed(0)} ms`)
    assert.ok(sizes.length >= 3 && scripts.every((url) => url.startsWith(origin)))
    assert.ok(kilobytes <= FIRST_LOAD_KB, `${kilobytes} kB`)
    assert.ok(paint > 0 && ready > paint)
    await close()
  })
}

export function addConsoleSteps(walk) {
  addFirstLoad(walk)
  addShellSteps(walk)
  addPlaygroundSteps(walk)
  addPreviewSteps(walk)
  addFunctionSteps(walk)
  addTenantSteps(walk)
  addReferenceSteps(walk)
  addLogSteps(walk)
  addAuditSteps(walk)
  addUsageSteps(walk)
  addLooks(walk)
  addKeyboard(walk)
  addSlowSteps(walk)
  addDialogSteps(walk)
  addInjectionSteps(walk)
}

function addShellSteps({ step, openSignedIn }) {
  step('shell: palette, help, keys, tenant, theme', 30, async () => {
    const { page, close } = await openSignedIn({})
    await page.keyboard.press('ControlOrMeta+k')
    await page.getByRole('combobox', { name: /^Search/ }).fill('dark')
    await page.getByRole('option', { name: 'Dark theme' }).waitFor()
    await checkAccessibility(page, 'palette')
    await shot(page, 'palette')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark')
    assert.equal(await page.locator('dialog[open]').count(), 0)

    await page.locator('#main').focus()
    await page.keyboard.press('?')
    await page.getByRole('heading', { name: 'Keys' }).waitFor()
    await checkAccessibility(page, 'help')
    await shot(page, 'help')
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => document.querySelector('dialog[open]') === null)

    await page.getByRole('button', { name: /^Tenant: / }).click()
    await page.getByLabel('Find a tenant').fill('dem')
    await shot(page, 'tenant-switch')
    await page.keyboard.press('Enter')
    await close()
  })
}

/** Tab through each page, from its first stop to its last: each shows where the focus is, none holds it. */
function addKeyboard({ step, openSignedIn }) {
  step('every page by the keyboard alone', 90, async () => {
    const { page, close } = await openSignedIn({})
    const pages = { f: 'functions', l: 'logs', u: 'usage', k: 'keys', t: 'overview', a: 'audit', h: 'settings', d: 'docs' }
    for (const [key, shows] of Object.entries(pages)) {
      await page.locator('#main').focus()
      await page.keyboard.press('g')
      await page.keyboard.press(key)
      await settled(page, shows)
      await page.locator('#main').focus()
      const stops = await tabThrough(page)
      assert.ok(stops > 0, `${page.url()}: nothing to stop at`)
    }
    for (const part of PARTS) {
      await visit(page, part)
      await page.locator('#main').focus()
      assert.ok((await tabThrough(page)) > 0, `${part}: nothing to stop at`)
    }
    await page.keyboard.press('Control+Backquote')
    await page.waitForSelector('.cm-content')
    await page.locator('#main').focus()
    await page.keyboard.press('ControlOrMeta+s')
    await page.getByText('Draft saved').waitFor()
    await close()
  })
}

/** Of one page, from its skeleton to what came (web.dev: below 0.1 is good). */
const MOST_SHIFT = 0.05

/** Answers that take their time: something stands where they will be, a line says that the host is waited for, and nothing jumps. */
function addSlowSteps({ step, openSignedIn }) {
  step('a host that is slow is seen to be waited for', 60, async () => {
    const { page, close } = await openSignedIn({})
    await page.evaluate(() => {
      globalThis.shifts = 0
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shifts += entry.hadRecentInput ? 0 : entry.value))).observe({ type: 'layout-shift', buffered: true })
    })
    const shown = {
      functions: 'Loading: the functions', usage: 'Loading: ', keys: 'Loading: the keys', audit: 'Loading: ', settings: 'Loading: what the host says of itself',
      'functions/hello/versions': 'Loading: the function', 'overview/demo': 'Loading: the tenant',
    }
    const shifts = []
    for (const [name, words] of Object.entries(shown)) {
      const held = []
      const hold = (route) => held.push(route)
      await page.route('**/v1/**', hold)
      await page.evaluate((to) => (location.hash = `#/${to}`), name)
      await page.getByRole('img', { name: words }).first().waitFor()
      await page.getByRole('progressbar', { name: 'Waiting for the host' }).waitFor()
      await page.evaluate(() => (globalThis.shifts = 0))
      await page.unroute('**/v1/**', hold)
      await Promise.all(held.map((route) => route.continue().catch(() => undefined)))
      await settled(page, name)
      await page.getByRole('progressbar', { name: 'Waiting for the host' }).waitFor({ state: 'detached' })
      shifts.push(await page.evaluate(() => globalThis.shifts))
    }
    await recallSlowly(page)
    console.log(`      layout shift of ${shifts.length} pages when they came: ${shifts.map((shift) => shift.toFixed(3)).join(', ')}`)
    assert.ok(Math.max(...shifts) < MOST_SHIFT)
    await close()
  })
}

/** A prompt of the history goes back into the editor: the line shows while its run is fetched. */
async function recallSlowly(page) {
  await visit(page, 'playground')
  await runExample(page, 'uppercase')
  await page.getByRole('tab', { name: /^History/ }).click()
  const held = []
  const hold = (route) => held.push(route)
  await page.route('**/v1/**/runs/**', hold)
  await page.locator('[data-testid=history] button', { hasText: /\S/ }).first().click()
  await page.getByRole('progressbar', { name: 'Waiting for the host' }).waitFor()
  await page.unroute('**/v1/**/runs/**', hold)
  await Promise.all(held.map((route) => route.continue().catch(() => undefined)))
  await page.waitForSelector('[data-testid=status-line]:has-text("back in the editor")')
  await page.getByRole('progressbar', { name: 'Waiting for the host' }).waitFor({ state: 'detached' })
}

const LOOKS = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
]

/** Below the pages. */
const PARTS = [
  ...['versions', 'traffic', 'logs', 'metrics', 'routes', 'env', 'egress', 'limits'].map((tab) => `functions/hello/${tab}`),
  'overview/demo', 'usage/windows', 'docs/api', 'docs/runtime', 'docs/problems',
]

function addLooks({ step, openSignedIn }) {
  step('every page and its parts in both themes and on a phone', 300, async () => {
    for (const [look, options] of LOOKS) {
      const { page, close } = await openSignedIn(options)
      const ids = await page.evaluate(() => [...document.querySelectorAll('nav[aria-label=Pages] a')].map((link) => link.getAttribute('href')))
      for (const name of [...ids.map((href) => href.slice(2)), ...PARTS]) {
        await visit(page, name)
        await shot(page, `page-${name.replaceAll('/', '-')}-${look}`)
        await checkAccessibility(page, `${name}, ${look}`)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
        assert.equal(overflow, 0, `${name}, ${look}: the page is wider than the window`)
      }
      await close()
    }
  })
}
