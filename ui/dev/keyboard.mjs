// DEVELOPMENT ONLY. A visit without a pointer, for `look.mjs`: from the first Tab to a recalled run, every stop visibly in focus.
import assert from 'node:assert/strict'
import { pasteOverAll, ran, runByKeys, shot } from './actions.mjs'

/** Runs in the page. */
export function focused() {
  const node = document.activeElement
  const rings = [node, node.closest('label')].filter((part) => part && getComputedStyle(part).outlineStyle !== 'none')
  return {
    name: node.id || node.getAttribute('aria-label') || node.textContent.trim().slice(0, 40),
    group: node.name ?? '',
    editor: node.matches('.cm-content'),
    end: node === document.body,
    main: node.id === 'main',
    combobox: node.role === 'combobox',
    visible: node === document.body || rings.length > 0,
  }
}

/** Tab by Tab to the stop that is wanted, each on the way visibly in focus. */
export async function tabTo(page, wanted) {
  const stops = []
  for (let count = 0; count < 60; count += 1) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(focused)
    // The editor shows its cursor instead of a ring, from the next frame on.
    if (stop.editor) await page.waitForSelector('.cm-focused .cm-cursor', { state: 'attached' })
    else assert.ok(stop.visible, `nothing shows that ${stop.name} has the focus`)
    if (wanted(stop)) return
    stops.push(stop.name)
  }
  assert.fail(`Tab does not lead there; it led to ${stops.join(', ')}`)
}

/** From where the focus is to the end of the page: how many stops there were, each visibly in focus. */
export async function tabThrough(page) {
  for (let stops = 0; stops < 300; stops += 1) {
    await page.keyboard.press('Tab')
    const { visible, name, end } = await page.evaluate(focused)
    if (end) return stops
    assert.ok(visible, `nothing shows that ${name} has the focus`)
  }
  assert.fail('Tab never leaves the page')
}

const body = (page) => page.textContent('[data-testid=body] pre')

export async function keyboardOnly(page) {
  await tabTo(page, (stop) => stop.group === 'Theme')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark')

  await tabTo(page, (stop) => stop.editor)
  await pasteOverAll(page, "export default { fetch: (request) => new Response('keys: ' + new URL(request.url).searchParams.get('q')) }\n")
  assert.equal(await runByKeys(page), 'ok')
  assert.equal(await body(page), 'keys: hello world')
  await page.keyboard.press('Tab')
  assert.ok((await page.evaluate(focused)).editor, 'Tab indents in the editor')
  await page.keyboard.press('Escape')

  await tabTo(page, (stop) => stop.name === 'Width of the editor')
  const width = async () => (await page.locator('section[aria-label=Code]').boundingBox()).width
  const before = await width()
  await page.keyboard.press('ArrowLeft')
  assert.ok((await width()) < before)

  await tabTo(page, (stop) => stop.name === 'prompt')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('typed')
  assert.equal(await runByKeys(page), 'ok')
  assert.equal(await body(page), 'keys: typed')
  await page.keyboard.type(' on')
  assert.equal(await ran(page, () => page.keyboard.press('Enter')), 'ok')
  assert.equal(await body(page), 'keys: typed on')
  await tabTo(page, (stop) => stop.name.startsWith('Run'))
  assert.equal(await ran(page, () => page.keyboard.press('Space')), 'ok')

  await tabTo(page, (stop) => stop.name === 'activity-tab-console')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  assert.equal((await page.evaluate(focused)).name, 'activity-tab-history')
  assert.equal(await runByKeys(page), 'ok')
  await tabTo(page, (stop) => stop.name.startsWith('typed') && !stop.name.startsWith('typed on'))
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-testid=status-line]:has-text("back in the editor")')
  assert.equal(await page.inputValue('#prompt'), 'typed')
  await shot(page, 'keyboard-dark')
}
