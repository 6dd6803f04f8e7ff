// DEVELOPMENT ONLY. The whole of a first visit in the tab that the sign-in link opened, without a pointer: run, trip a limit, deploy, call
// it from outside, see the call in the logs, go back to the version before.
import assert from 'node:assert/strict'
import { pasteOverAll, ran, settled, shot } from './actions.mjs'
import { callIngress } from './deployed.mjs'
import { tabTo } from './keyboard.mjs'

const HOST = 'first--demo.localhost'
const codeThatSays = (word) => `export default {\n  fetch() {\n    console.log('asked for ${word}')\n    return new Response('${word}')\n  },\n}\n`

/** To whatever the palette finds by these words. */
async function find(page, words, option) {
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('combobox', { name: /^Search/ }).waitFor()
  await page.keyboard.type(words)
  await page.getByRole('option', { name: option, selected: true }).waitFor()
  await page.keyboard.press('Enter')
}

async function deploy(page, word, version) {
  await tabTo(page, (stop) => stop.editor)
  await pasteOverAll(page, codeThatSays(word))
  await page.keyboard.press('ControlOrMeta+Shift+d')
  const dialog = page.getByRole('dialog', { name: 'Deploy' })
  await dialog.locator('input:focus').waitFor()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('first')
  // What would change is shown before anything is sent.
  await dialog.getByText(`asked for ${word}`).waitFor()
  await page.keyboard.press('Enter')
  await page.waitForSelector(`[data-testid=status-line]:has-text("Version ${version} of first is live")`)
  await page.keyboard.press('Escape')
}

/** `visited`: the page that the link was opened in. */
export function addFirstVisit({ step, visited, ingress }) {
  step('first visit by keys: run, a limit, deploy, a call at the ingress, its log, rollback', 60, async () => {
    const page = visited()
    const coach = page.getByRole('region', { name: 'First steps' })
    await tabTo(page, (stop) => stop.name.endsWith('Run the code'))
    assert.equal(await ran(page, () => page.keyboard.press('Enter')), 'ok')
    await coach.getByText('done: ').waitFor()
    await shot(page, 'first-steps')
    await tabTo(page, (stop) => stop.name.endsWith('See a limit stop it'))
    assert.equal(await ran(page, () => page.keyboard.press('Enter')), 'cpu_limit')
    await deploy(page, 'one', 1)
    assert.deepEqual(await callIngress(ingress, HOST, '/'), { status: 200, text: 'one' })
    await deploy(page, 'two', 2)
    assert.deepEqual(await callIngress(ingress, HOST, '/second'), { status: 200, text: 'two' })

    await find(page, 'logs tail', /^Logs/)
    await settled(page, 'logs')
    await page.locator('summary', { hasText: '/second' }).waitFor()
    await tabTo(page, (stop) => stop.name.includes('/second'))
    await page.keyboard.press('Enter')
    await page.locator('details[open]').getByText('asked for two', { exact: true }).waitFor()
    await shot(page, 'first-log')

    await find(page, 'first function', /^first/)
    await settled(page, 'functions/first')
    await tabTo(page, (stop) => stop.name === 'Roll back')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open] button:focus', { hasText: 'Cancel' }).waitFor()
    await tabTo(page, (stop) => stop.name === 'Roll back')
    await page.keyboard.press('Enter')
    await page.locator('tr', { hasText: '#1' }).getByText('live', { exact: true }).waitFor()
    assert.deepEqual(await callIngress(ingress, HOST, '/'), { status: 200, text: 'one' })

    await find(page, 'playground editor', /^Playground/)
    await settled(page, 'playground')
    await tabTo(page, (stop) => stop.name === 'No more first steps')
    await page.keyboard.press('Enter')
    await page.reload()
    await page.waitForSelector('.cm-content')
    assert.equal(await coach.count(), 0)
  })
}
