// DEVELOPMENT ONLY. Walks through the playground in a real Chromium under the server's CSP, takes pictures of it, and fails when
// something is not as it should be: a wrong result, a CSP report, a console error, a foreign request, an axe violation.
//
//   node dev/look.mjs [--out /tmp/isolet-look] [--url http://127.0.0.1:8787/#t=…]
//
// Without `--url` it starts the fake API and looks at `dist/`; with one (a sign-in link of `isolet up`) at that server.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { openBrowser, openPage } from './browser.mjs'
import { startFakeApi } from './fake-api.mjs'

const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined)
const OUT = option('--out') ?? '/tmp/isolet-look'
mkdirSync(OUT, { recursive: true })

const gallery = JSON.parse(readFileSync(new URL('../src/examples/gallery.json', import.meta.url), 'utf8'))
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const fake = option('--url') ? null : await startFakeApi()
const link = option('--url') ?? `${fake.origin}/#t=dev-link`
const { origin } = new URL(link)
const browser = await openBrowser()
const allFaults = []

async function open(options) {
  const opened = await openPage(browser, origin, options)
  allFaults.push(opened.faults)
  return opened
}

/** Another window of the same sign-in: a link is good once. */
async function openSignedIn(session, options) {
  const opened = await open(options)
  await opened.context.addInitScript((value) => sessionStorage.getItem('isolet.session') ?? sessionStorage.setItem('isolet.session', value), session)
  await opened.page.goto(`${origin}/`)
  await opened.page.waitForSelector('.cm-content')
  return opened
}

const shot = (page, name) => page.screenshot({ path: `${OUT}/${name}.png` })

/** A row scrolled half out of sight has no small target: it is whole again one notch of the wheel later. */
const halfHidden = (node) => node.any.some((check) => check.message.includes('partially obscured'))

async function checkAccessibility(page, where) {
  // Evaluated by the debugger, not by the page: its CSP stays as it is.
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
  const real = violations.filter(({ id, nodes }) => id !== 'target-size' || !nodes.every(halfHidden))
  const found = real.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join('\n    ')}`)
  assert.deepEqual(found, [], `axe on ${where}:\n${found.join('\n')}`)
}

async function runDone(page) {
  await page.waitForFunction(() => !['running', undefined].includes(document.querySelector('[data-testid=outcome]')?.dataset.outcome))
  return page.getAttribute('[data-testid=outcome]', 'data-outcome')
}

async function runExample(page, id) {
  await page.click(`[data-example=${id}]`)
  await page.waitForFunction(() => document.querySelector('[data-testid=outcome]')?.dataset.outcome === 'running').catch(() => undefined)
  return runDone(page)
}

async function setCode(page, text) {
  await page.click('.cm-content')
  await page.keyboard.press('Control+a')
  await page.evaluate((value) => navigator.clipboard.writeText(value), text)
  await page.keyboard.press('Control+v')
}

const steps = []
const step = (name, act) => steps.push([name, act])

step('sign-in form', async () => {
  const { page, context } = await open({})
  await page.goto(`${origin}/`)
  await page.waitForSelector('#key')
  await checkAccessibility(page, 'sign-in')
  await shot(page, 'sign-in')
  await context.close()
})

let main
let session

step('the link signs in and leaves the address', async () => {
  main = await open({})
  await main.page.goto(link)
  await main.page.waitForSelector('.cm-content')
  assert.equal(new URL(main.page.url()).hash, '')
  session = await main.page.evaluate(() => sessionStorage.getItem('isolet.session'))
  await shot(main.page, 'first-visit')
})

step('every example does what the gallery says', async () => {
  for (const example of gallery) {
    const outcome = await runExample(main.page, example.id)
    assert.equal(outcome, example.expect.outcome, example.id)
    const { status, body, body_includes: part } = example.expect
    if (status !== undefined) assert.match(await main.page.textContent('[data-testid=status]'), new RegExp(`${status}$`))
    if (body !== undefined || part !== undefined) {
      await main.page.getByRole('radio', { name: 'Text' }).check()
      const text = await main.page.textContent('[data-testid=body] pre')
      if (body !== undefined) assert.equal(text, body)
      else assert.ok(text.includes(part), `${example.id}: ${text}`)
    }
    if (['json-echo', 'cpu-limit', 'two-modules'].includes(example.id)) await shot(main.page, `example-${example.id}`)
    if (example.id === 'blocked-fetch') {
      await main.page.getByRole('tab', { name: /^Network/ }).click()
      await shot(main.page, 'network')
      await main.page.getByRole('tab', { name: /^Console/ }).click()
    }
  }
})

step('an exception names its line, and the line is a link', async () => {
  await runExample(main.page, 'uppercase')
  await setCode(main.page, 'export default {\n  fetch() {\n    const nothing = undefined\n    return nothing.toUpperCase()\n  },\n}\n')
  await main.page.keyboard.press('Control+Enter')
  assert.equal(await runDone(main.page), 'exception')
  await main.page.click('[data-testid=failure] button:has-text("main.js:4")')
  await main.page.waitForFunction(() => document.activeElement?.closest('.cm-editor') && document.querySelector('.cm-activeLineGutter.cm-gutterElement:not(:empty)'))
  assert.ok((await main.page.textContent('.cm-lineNumbers .cm-activeLineGutter')).includes('4'))
  await shot(main.page, 'exception')
})

step('a build error is marked in the gutter and listed', async () => {
  await setCode(main.page, 'export default {\n  fetch() {\n    return new Response("hi"\n  },\n}\n')
  await main.page.keyboard.press('Control+Enter')
  assert.equal(await runDone(main.page), 'build_failed')
  await main.page.waitForSelector('.cm-lint-marker-error')
  await main.page.waitForSelector('[data-testid=problems] button')
  await shot(main.page, 'build-error')
  await checkAccessibility(main.page, 'build error')
})

step('an empty editor falls back to the default function', async () => {
  await setCode(main.page, ' ')
  await main.page.fill('#prompt', 'from nothing')
  await main.page.keyboard.press('Enter')
  assert.equal(await runDone(main.page), 'ok')
  assert.equal(await main.page.textContent('[data-testid=body] pre'), 'FROM NOTHING')
})

step('a prompt of nothing is refused on the spot', async () => {
  await main.page.fill('#prompt', '')
  await main.page.click('[data-testid=run]')
  await main.page.waitForSelector('#prompt-hint[role=alert]')
  await main.page.fill('#prompt', 'x'.repeat(16_385))
  assert.match(await main.page.textContent('#prompt-hint'), /1 characters too long/)
})

step('markup stays text', async () => {
  const nasty = '<img src=x onerror=alert(1)><script>alert(2)</script>'
  await runExample(main.page, 'uppercase')
  await main.page.fill('#prompt', nasty)
  await main.page.keyboard.press('Enter')
  await main.page.waitForFunction((text) => document.querySelector('[data-testid=body] pre')?.textContent === text, nasty.toUpperCase())
  await main.page.getByRole('tab', { name: /^History/ }).click()
  await main.page.waitForSelector(`[data-testid=history] >> text=${nasty}`)
  assert.equal(await main.page.locator('[data-testid=history] img').count(), 0)
})

step('history refills prompt and code, star keeps, clear asks', async () => {
  const rows = main.page.locator('[data-testid=history] li')
  await main.page.locator('[data-testid=history] button', { hasText: 'hello/ada' }).first().click()
  await main.page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('tiny router'))
  assert.equal(await main.page.inputValue('#prompt'), 'hello/ada')
  await rows.filter({ hasText: 'hello/ada' }).getByRole('button', { name: 'Star' }).click()
  await shot(main.page, 'history')
  await checkAccessibility(main.page, 'history')
  await main.page.getByRole('button', { name: 'Clear', exact: true }).click()
  await main.page.waitForSelector('dialog[open]')
  await shot(main.page, 'clear-dialog')
  await main.page.getByRole('button', { name: 'Clear history' }).click()
  await main.page.waitForFunction(() => document.querySelectorAll('[data-testid=history] li').length === 1)
})

step('files: add, rename, remove', async () => {
  const { page } = main
  await page.getByRole('button', { name: 'Add a module' }).click()
  await page.keyboard.type('helper.txt')
  await page.waitForSelector('#file-name-fault:has-text("End the name")')
  await page.getByLabel('Name of the new module').fill('helper.js')
  await page.keyboard.press('Enter')
  await page.getByRole('tab', { name: 'helper.js' }).dblclick()
  await page.getByLabel('New name of helper.js').fill('lib/helper.mjs')
  await page.keyboard.press('Enter')
  await page.getByRole('tab', { name: 'lib/helper.mjs' }).waitFor()
  await page.getByRole('button', { name: 'Remove lib/helper.mjs' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByRole('tab', { name: 'lib/helper.mjs' }).waitFor({ state: 'detached' })
})

step('request builder, limits and curl', async () => {
  const { page } = main
  await runExample(page, 'router')
  await page.getByRole('radio', { name: 'Request' }).check()
  await page.getByLabel('Method').selectOption('POST')
  await page.getByLabel('Path and query').fill('/echo')
  await page.getByRole('button', { name: 'Add a header' }).click()
  await page.getByLabel('Header name 1').fill('content-type')
  await page.getByLabel('Header value 1').fill('text/plain')
  await page.getByLabel('Body', { exact: false }).last().fill("it's back")
  await page.keyboard.press('Control+Enter')
  await page.waitForFunction(() => document.querySelector('[data-testid=body] pre')?.textContent === "it's back")
  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByLabel('CPU time').fill('20')
  await shot(page, 'request-builder')
  await page.getByRole('tab', { name: 'curl' }).click()
  const command = await page.textContent('[data-testid=curl]')
  assert.ok(command.includes("it'\\''s back"), command)
  assert.ok(!command.includes('ses_') && command.includes('$ISOLET_KEY'))
  await shot(page, 'curl')
})

step('the draft survives a reload', async () => {
  await setCode(main.page, '// kept\nexport default { fetch: () => new Response("kept") }\n')
  await main.page.waitForFunction(() => document.body.textContent.includes('Draft saved'))
  await main.page.reload()
  await main.page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('// kept'))
})

step('light, dark and phone', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page, context } = await openSignedIn(session, { colorScheme })
    await runExample(page, 'json-echo')
    await shot(page, `playground-${colorScheme}`)
    await checkAccessibility(page, `playground, ${colorScheme}`)
    await context.close()

    const phone = await openSignedIn(session, { colorScheme, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 })
    await shot(phone.page, `phone-code-${colorScheme}`)
    await phone.page.getByRole('button', { name: 'Examples' }).click()
    await shot(phone.page, `phone-examples-${colorScheme}`)
    await runExample(phone.page, 'json-echo')
    await shot(phone.page, `phone-response-${colorScheme}`)
    await checkAccessibility(phone.page, `phone, ${colorScheme}`)
    await phone.page.getByRole('tab', { name: 'Activity' }).click()
    await shot(phone.page, `phone-activity-${colorScheme}`)
    await phone.context.close()
  }
  const tablet = await openSignedIn(session, { viewport: { width: 900, height: 1100 } })
  await tablet.page.click('[data-testid=run]')
  await runDone(tablet.page)
  await shot(tablet.page, 'tablet')
  await tablet.context.close()
})

let failed = 0
for (const [name, act] of steps) {
  try {
    await act()
    console.log(`ok    ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${name}\n${error.stack}`)
    if (main) await shot(main.page, `failed-${failed}`)
  }
}
const faults = allFaults.flat()
for (const fault of faults) console.log(`fault ${fault}`)
await browser.close()
fake?.server.close()
fake?.server.closeAllConnections()
console.log(failed === 0 && faults.length === 0 ? `All as it should be; pictures in ${OUT}.` : `${failed} failed steps, ${faults.length} faults.`)
process.exitCode = failed === 0 && faults.length === 0 ? 0 : 1
