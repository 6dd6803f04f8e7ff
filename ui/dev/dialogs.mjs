// DEVELOPMENT ONLY. Every dialog there is, in both themes with axe, and by the keyboard alone: opened from what has the focus, walked through
// without leaving it, closed with Escape, and the focus is where it was.
import assert from 'node:assert/strict'
import { checkAccessibility, runByKeys, setCode, settled, shot, visit } from './actions.mjs'
import { apiOf } from './api.mjs'
import { focused } from './keyboard.mjs'

const FUNCTION = '/v1/tenants/demo/functions/asked'
const code = (word) => ({ modules: { 'main.js': `export default () => new Response("${word}")` }, main_module: 'main.js' })

/** One of everything that a dialog can be about. */
async function furnish(api) {
  await api('PUT', FUNCTION, {})
  for (const word of ['one', 'two']) await api('POST', `${FUNCTION}/deploy`, code(word))
  const { live_version: version } = await api('GET', FUNCTION)
  await api('PUT', `${FUNCTION}/aliases/next`, { split: [{ version, weight: 10_000 }] })
  await api('POST', `${FUNCTION}/env`, { name: 'WHO', value: 'x' })
  await api('PUT', `${FUNCTION}/secrets/TOKEN`, { value: 'x' })
  await api('PUT', `${FUNCTION}/egress`, { rules: [{ action: 'allow', host: 'api.example.com' }] })
  await api('PUT', '/v1/tenants/demo/hosts/asked.example.com')
  await api('PUT', '/v1/tenants/demo/routes/asked', { host: 'asked.example.com', path_prefix: '/', function: 'asked', alias: 'live' })
  const key = await api('POST', '/v1/tenants/demo/keys', { preset: 'read-only', name: 'asked about' })
  await api('POST', '/v1/tenants', { slug: 'questioned' })
  return async () => {
    await api('DELETE', '/v1/tenants/questioned?confirm=questioned')
    await api('DELETE', `/v1/tenants/demo/keys/${key.id}`)
    await api('DELETE', '/v1/tenants/demo/routes/asked')
    await api('DELETE', FUNCTION)
  }
}

/** By page: what opens a dialog, and the heading that the dialog has. A button is focused and pressed with Enter; keys are pressed as they are. */
const DIALOGS = {
  functions: [
    [{ keys: 'ControlOrMeta+k' }, 'Search'],
    [{ keys: '?' }, 'Keys'],
  ],
  'functions/asked': [
    ['Roll back', 'Roll asked back?'],
    ['Delete asked', 'Delete asked?'],
  ],
  'functions/asked/traffic': [['Remove', 'Remove next?']],
  'functions/asked/routes': [['Remove the route asked', 'Remove the route asked?']],
  'functions/asked/env': [
    ['Remove WHO', 'Remove WHO?'],
    ['Remove the secret TOKEN', 'Remove the secret TOKEN?'],
  ],
  'functions/asked/egress': [['Remove all rules', 'Remove all rules?']],
  keys: [
    ['New key', 'New key'],
    ['Rotate asked about', 'Rotate the key'],
    ['Revoke asked about', 'Revoke asked about?'],
  ],
  overview: [['New tenant', 'New tenant']],
  'overview/questioned': [
    ['Suspend', 'Suspend questioned?'],
    ['Delete questioned', 'Delete questioned?'],
  ],
  audit: [['Verify the chain', 'The chain of entries']],
}

/** What opens it has the focus, and gets it back. */
async function open(page, opener) {
  if (opener.keys) {
    await page.locator('#main').focus()
    return page.keyboard.press(opener.keys)
  }
  await page.getByRole('button', { name: opener, exact: true }).first().focus()
  return page.keyboard.press('Enter')
}

/** Tab by Tab once around: never a stop outside of the dialog, each visibly in focus. */
async function around(page, name) {
  const stops = new Set()
  for (let count = 0; count < 40; count += 1) {
    const stop = await page.evaluate(focused)
    if (!stop.end) {
      const inside = await page.evaluate(() => document.activeElement.closest('dialog[open]') !== null)
      assert.ok(inside, `${name}: ${stop.name} has the focus, outside of the dialog`)
      assert.ok(stop.visible || stop.combobox, `${name}: nothing shows that ${stop.name} has the focus`)
      if (stops.has(stop.name)) return stops
      stops.add(stop.name)
    }
    await page.keyboard.press('Tab')
  }
  return stops
}

async function through(page, opener, name, colorScheme) {
  await open(page, opener)
  const dialog = page.getByRole('dialog', { name, exact: true })
  await dialog.waitFor()
  await page.waitForFunction(() => document.activeElement?.closest('dialog[open]'))
  await checkAccessibility(page, `the dialog ${name}, ${colorScheme}`)
  const stops = await around(page, name)
  assert.ok(stops.size > 0, `${name}: nothing to stop at`)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  const back = await page.evaluate(focused)
  assert.ok(opener.keys ? back.main : back.name.includes(opener) || opener.includes(back.name), `${name}: the focus came back to ${back.name}`)
}

export function addDialogSteps({ step, openSignedIn, origin, session }) {
  step('dialogs: every one in both themes, by the keyboard alone', 150, async () => {
    const tidy = await furnish(apiOf(origin, session()))
    let count = 0
    for (const colorScheme of ['light', 'dark']) {
      const { page, close } = await openSignedIn({ colorScheme })
      for (const [address, dialogs] of Object.entries(DIALOGS)) {
        await visit(page, address)
        for (const [opener, name] of dialogs) {
          await through(page, opener, name, colorScheme)
          count += 1
        }
      }
      await playgroundDialogs(page, colorScheme)
      await close()
    }
    console.log(`      ${count} dialogs beside the playground's own`)
    await tidy()
  })
}

async function playgroundDialogs(page, colorScheme) {
  await visit(page, 'playground')
  await setCode(page, 'export default () => new Response("x")\n')
  for (const prompt of ['first', 'second']) {
    await page.fill('#prompt', prompt)
    assert.equal(await runByKeys(page), 'ok')
  }
  await page.getByRole('tab', { name: /^History/ }).click()
  await settled(page)
  await through(page, 'Clear', 'Clear the history?', colorScheme)
  await page.getByRole('button', { name: 'Add a module' }).click()
  await page.keyboard.type('other.js')
  await page.keyboard.press('Enter')
  await page.getByRole('tab', { name: 'other.js' }).waitFor()
  await through(page, 'Remove other.js', 'Remove other.js?', colorScheme)
  await through(page, 'Deploy', 'Deploy', colorScheme)
  await page.getByRole('button', { name: 'Compare this run' }).nth(1).click()
  await through(page, 'Compare this run', 'Two runs', colorScheme)
  await shot(page, `dialogs-${colorScheme}`)
}
