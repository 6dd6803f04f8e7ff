// DEVELOPMENT ONLY. The pages beside the playground, used and looked at against a real host, in the order of the navigation. A page's own
// steps have a file each below `pages/`; here is the shell around them, and every page's looks: both themes and a phone, with axe.
import assert from 'node:assert/strict'
import { checkAccessibility, shot } from './actions.mjs'
import { addAuditSteps } from './audit.mjs'
import { addFunctionSteps } from './functions.mjs'
import { addInjectionSteps } from './injection.mjs'
import { addLogSteps } from './logs.mjs'
import { addPlaygroundSteps } from './playground.mjs'
import { addReferenceSteps } from './reference.mjs'
import { addTenantSteps } from './tenants.mjs'
import { addUsageSteps } from './usage.mjs'

export function addConsoleSteps(walk) {
  addShellSteps(walk)
  addPlaygroundSteps(walk)
  addFunctionSteps(walk)
  addTenantSteps(walk)
  addReferenceSteps(walk)
  addLogSteps(walk)
  addAuditSteps(walk)
  addUsageSteps(walk)
  addLooks(walk)
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
