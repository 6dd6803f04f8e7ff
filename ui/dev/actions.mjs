// DEVELOPMENT ONLY. What a reader does in the playground and what is looked at afterwards, in the words of the two walks `look.mjs`
// (a whole visit) and `look-states.mjs` (the rarer states).
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

export const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined)

export const OUT = option('--out') ?? '/tmp/isolet-look'
mkdirSync(OUT, { recursive: true })

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const shot = (page, name) => page.screenshot({ path: `${OUT}/${name}.png` })

/** A row scrolled half out of sight has no small target: it is whole again one notch of the wheel later. */
const halfHidden = (node) => node.any.some((check) => check.message.includes('partially obscured'))

export async function checkAccessibility(page, where) {
  // Evaluated by the debugger, not by the page: its CSP stays as it is.
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] }),
  )
  const real = violations.filter(({ id, nodes }) => id !== 'target-size' || !nodes.every(halfHidden))
  const found = real.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join('\n    ')}`)
  assert.deepEqual(found, [], `axe on ${where}:\n${found.join('\n')}`)
}

const isAnswer = (method, end) => (response) => response.request().method() === method && new URL(response.url()).pathname.endsWith(end)

/**
 * Does `act`, which starts a run, and returns the run's outcome. The page says `running` for less than a frame when code is quick, so
 * that is not waited for: the history is asked for again once the outcome is there.
 */
export async function ran(page, act) {
  await Promise.all([page.waitForResponse(isAnswer('POST', '/runs')), page.waitForResponse(isAnswer('GET', '/prompts')), act()])
  const outcome = page.locator('[data-testid=outcome]:not([data-outcome=running])')
  return outcome.getAttribute('data-outcome')
}

/**
 * Waits until the page stands there whole: nothing is asked for, nothing is a skeleton. `shows` is the address that it is to stand at
 * (`functions/hello/env`), for when the page before it may still be there.
 */
export const settled = (page, shows) =>
  page.waitForFunction((wanted) => {
    const main = document.querySelector('#main')
    const idle = document.querySelector('[data-testid=pending]')?.dataset.count === '0'
    const whole = main?.dataset.shows !== undefined && (wanted ?? main.dataset.shows) === main.dataset.shows && idle && main.querySelector('[aria-label^=Loading], .shimmer') === null
    // Asked once a frame: what was done just before may not have come to the page yet.
    globalThis.calmFrames = whole ? (globalThis.calmFrames ?? 0) + 1 : 0
    if (globalThis.calmFrames < 4) return false
    globalThis.calmFrames = 0
    return true
  }, shows)

/** To another page of the console without loading it anew. */
export async function visit(page, shows) {
  await page.evaluate((to) => (location.hash = `#/${to}`), shows)
  await settled(page, shows)
}

/** Does `act`, which changes something, and waits for the server's word on it and for the page to have read again what it shows. */
export async function changed(page, method, act) {
  await Promise.all([page.waitForResponse((response) => response.request().method() === method), act()])
  await settled(page)
}

export const runExample = (page, id) => ran(page, () => page.click(`[data-example=${id}]`))
export const runByKeys = (page) => ran(page, () => page.keyboard.press('ControlOrMeta+Enter'))

/** Replaces the file in front by pasting, as code from elsewhere comes. */
export async function setCode(page, text) {
  await page.click('.cm-content')
  await pasteOverAll(page, text)
}

/** The same without a pointer: the editor has the focus already. */
export async function pasteOverAll(page, text) {
  await page.evaluate((value) => navigator.clipboard.writeText(value), text)
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.press('ControlOrMeta+v')
}
