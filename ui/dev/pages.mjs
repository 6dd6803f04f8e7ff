// DEVELOPMENT ONLY. The pages beside the playground, used and looked at against a real host, in the order of the navigation. A page's own
// steps have a file each below `pages/`; here is the shell around them, and every page's looks: both themes and a phone, with axe.
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { checkAccessibility, ran, setCode, shot } from './actions.mjs'
import { callIngress } from './deployed.mjs'
import { tabThrough } from './keyboard.mjs'
import { addAuditSteps } from './audit.mjs'
import { addFunctionSteps } from './functions.mjs'
import { addInjectionSteps } from './injection.mjs'
import { addLogSteps } from './logs.mjs'
import { addPlaygroundSteps } from './playground.mjs'
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
    await close()
  })
}

export function addConsoleSteps(walk) {
  addFirstLoad(walk)
  addFirstRun(walk)
  addShellSteps(walk)
  addPlaygroundSteps(walk)
  addFunctionSteps(walk)
  addTenantSteps(walk)
  addReferenceSteps(walk)
  addLogSteps(walk)
  addAuditSteps(walk)
  addUsageSteps(walk)
  addLooks(walk)
  addKeyboard(walk)
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

/** The whole of a first visit: run, trip a limit, deploy, call it from outside, go back. */
function addFirstRun({ step, openSignedIn, ingress }) {
  if (ingress === undefined) return
  step('first visit: run, a limit, deploy, a call at the ingress, rollback', 40, async () => {
    const { page, close } = await openSignedIn({})
    const coach = page.getByRole('region', { name: 'First steps' })
    await ran(page, () => coach.getByRole('button', { name: 'Run the code' }).click())
    await coach.getByText('done: ').waitFor()
    await shot(page, 'first-steps')
    assert.equal(await ran(page, () => coach.getByRole('button', { name: 'See a limit stop it' }).click()), 'cpu_limit')
    const host = 'first--demo.localhost'
    for (const word of ['one', 'two']) {
      await setCode(page, `export default { fetch: () => new Response('${word}') }\n`)
      await coach.getByRole('button', { name: 'Deploy it' }).click()
      const dialog = page.getByRole('dialog', { name: 'Deploy' })
      await dialog.getByLabel('Function', { exact: true }).fill('first')
      await dialog.getByRole('button', { name: 'Deploy', exact: true }).click()
      await page.waitForSelector(`[data-testid=status-line]:has-text("Version ${word === 'one' ? 1 : 2} of first is live")`)
      assert.deepEqual(await callIngress(ingress, host, '/'), { status: 200, text: word })
    }
    await page.getByRole('link', { name: 'first', exact: true }).click()
    await page.getByRole('button', { name: 'Roll back' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click()
    await page.locator('tr', { hasText: '#1' }).getByText('live', { exact: true }).waitFor()
    assert.deepEqual(await callIngress(ingress, host, '/'), { status: 200, text: 'one' })
    await page.getByRole('link', { name: 'Playground', exact: true }).click()
    await coach.getByRole('button', { name: 'No more first steps' }).click()
    await page.reload()
    await page.waitForSelector('.cm-content')
    assert.equal(await coach.count(), 0)
    await close()
  })
}

/** Tab through each page, from its first stop to its last: each shows where the focus is, none holds it. */
function addKeyboard({ step, openSignedIn }) {
  step('every page by the keyboard alone', 90, async () => {
    const { page, close } = await openSignedIn({})
    for (const key of ['f', 'l', 'u', 'k', 't', 'a', 'h', 'd']) {
      await page.locator('#main').focus()
      await page.keyboard.press('g')
      await page.keyboard.press(key)
      await page.waitForFunction(() => document.querySelector('main [aria-label^=Loading], main .shimmer') === null)
      await page.waitForTimeout(400)
      await page.locator('#main :is(a, button, input, select)').first().waitFor()
      await page.locator('#main').focus()
      const stops = await tabThrough(page)
      assert.ok(stops > 0, `${page.url()}: nothing to stop at`)
    }
    await close()
  })
}

const LOOKS = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }],
]

function addLooks({ step, openSignedIn }) {
  step('every page in both themes and on a phone', 120, async () => {
    for (const [look, options] of LOOKS) {
      const { page, close } = await openSignedIn(options)
      const ids = await page.evaluate(() => [...document.querySelectorAll('nav[aria-label=Pages] a')].map((link) => link.getAttribute('href')))
      for (const href of ids) {
        await page.evaluate((to) => (location.hash = to), href)
        await page.waitForFunction(() => document.querySelector('main [aria-label^=Loading], main .shimmer') === null)
        const name = href.slice(2)
        await shot(page, `page-${name}-${look}`)
        await checkAccessibility(page, `${name}, ${look}`)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
        assert.equal(overflow, 0, `${name}, ${look}: the page is wider than the window`)
      }
      await close()
    }
  })
}
