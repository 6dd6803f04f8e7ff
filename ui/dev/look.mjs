// DEVELOPMENT ONLY. Walks through the playground in a real Chromium under the server's CSP, takes pictures of it, and fails when
// something is not as it should be: a wrong result, a CSP report, a console error, a foreign request, an axe violation. Stops at
// the first step that fails or takes longer than it may.
//
//   node dev/look.mjs [--out /tmp/isolet-look] [--url http://127.0.0.1:8787/#t=… [--ingress http://127.0.0.1:8080]]
//
// Without `--url` it starts the fake API and looks at `dist/`; with one (a sign-in link of `isolet up`) at that server, which is what
// `tests/browser/run` does. With `--ingress` it also deploys a function and calls it there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { changed, checkAccessibility, option, OUT, ran, runByKeys, runExample, setCode, shot } from './actions.mjs'
import { openBrowser, openPage } from './browser.mjs'
import { deployed } from './deployed.mjs'
import { startFakeApi } from './fake-api.mjs'
import { addFirstVisit } from './first-visit.mjs'
import { keyboardOnly } from './keyboard.mjs'
import { addConsoleSteps } from './pages.mjs'
import { steps } from './steps.mjs'

const gallery = JSON.parse(readFileSync(new URL('../src/examples/gallery.json', import.meta.url), 'utf8'))

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

let main
let session

/** Another window of the same sign-in: a link is good once. Or of another, `as` the session has it. */
async function openSignedIn({ as = session, ...options }) {
  const opened = await open(options)
  await opened.context.addInitScript((value) => globalThis.origin !== 'null' && globalThis === globalThis.top && (sessionStorage.getItem('isolet.session') ?? sessionStorage.setItem('isolet.session', value)), as)
  await opened.page.goto(`${origin}/`)
  await opened.page.waitForSelector('.cm-content')
  return opened
}

const { step, walk } = steps()

step('sign-in form', 20, async () => {
  const { page, close } = await open({})
  await page.goto(`${origin}/`)
  await page.waitForSelector('#key')
  await checkAccessibility(page, 'sign-in')
  await shot(page, 'sign-in')
  await close()
})

step('the link signs in and leaves the address', 20, async () => {
  main = await open({})
  const answer = await main.page.goto(link)
  // Without it, that nothing was reported would say nothing.
  assert.match(answer.headers()['content-security-policy'], /^default-src 'none';.*require-trusted-types-for 'script'/)
  await main.page.waitForSelector('.cm-content')
  assert.equal(new URL(main.page.url()).hash, '')
  session = await main.page.evaluate(() => sessionStorage.getItem('isolet.session'))
  await shot(main.page, 'first-visit')
}, { always: true })

const ingress = option('--ingress')
if (ingress) addFirstVisit({ step, ingress, visited: () => main.page })

step('every example does what the gallery says', 40, async () => {
  for (const example of gallery) {
    // The stand-in for the server runs code as it is: it knows no types and keeps no secrets.
    if (fake && ['typescript', 'secrets'].includes(example.id)) continue
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

step('an exception names its line, and the line is a link', 20, async () => {
  await runExample(main.page, 'uppercase')
  // Thrown, not stumbled upon: QuickJS keeps the places of calls and throws, not those of property reads.
  await setCode(main.page, 'export default {\n  fetch() {\n    const nothing = undefined\n    return nothing.toUpperCase()\n  },\n}\n')
  assert.equal(await runByKeys(main.page), 'exception')
  await main.page.click('[data-testid=failure] button:has-text("main.js:4")')
  await main.page.waitForFunction(() => document.activeElement?.closest('.cm-editor') && document.querySelector('.cm-activeLineGutter.cm-gutterElement:not(:empty)'))
  assert.ok((await main.page.textContent('.cm-lineNumbers .cm-activeLineGutter')).includes('4'))
  await shot(main.page, 'exception')
})

step('a build error is marked in the gutter and listed', 20, async () => {
  await setCode(main.page, 'export default {\n  fetch() {\n    return new Response("hi"\n  },\n}\n')
  assert.equal(await runByKeys(main.page), 'build_failed')
  await main.page.waitForSelector('.cm-lint-marker-error')
  await main.page.waitForSelector('[data-testid=problems] button')
  await shot(main.page, 'build-error')
  await checkAccessibility(main.page, 'build error')
})

step('an empty editor falls back to the default function', 20, async () => {
  await setCode(main.page, ' ')
  await main.page.fill('#prompt', 'from nothing')
  assert.equal(await ran(main.page, () => main.page.keyboard.press('Enter')), 'ok')
  assert.equal(await main.page.textContent('[data-testid=body] pre'), 'FROM NOTHING')
})

step('a prompt of nothing is refused on the spot', 20, async () => {
  await main.page.fill('#prompt', '')
  await main.page.click('[data-testid=run]')
  await main.page.waitForSelector('#prompt-hint[role=alert]')
  await main.page.fill('#prompt', 'x'.repeat(16_385))
  assert.match(await main.page.textContent('#prompt-hint'), /1 characters too long/)
})

step('markup stays text', 20, async () => {
  const nasty = '<img src=x onerror=alert(1)><script>alert(2)</script>'
  await runExample(main.page, 'uppercase')
  await main.page.fill('#prompt', nasty)
  await ran(main.page, () => main.page.keyboard.press('Enter'))
  await main.page.waitForFunction((text) => document.querySelector('[data-testid=body] pre')?.textContent === text, nasty.toUpperCase())
  await main.page.getByRole('tab', { name: /^History/ }).click()
  await main.page.waitForSelector(`[data-testid=history] >> text=${nasty}`)
  assert.equal(await main.page.locator('[data-testid=history] img').count(), 0)
})

step('history refills prompt and code, star keeps, clear asks', 20, async () => {
  const rows = main.page.locator('[data-testid=history] li')
  await main.page.locator('[data-testid=history] button', { hasText: 'hello/ada' }).first().click()
  await main.page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('tiny router'))
  assert.equal(await main.page.inputValue('#prompt'), 'hello/ada')
  assert.equal(await main.page.locator('[data-example][aria-current]').count(), 0)
  await changed(main.page, 'PUT', () => rows.filter({ hasText: 'hello/ada' }).getByRole('button', { name: 'Star' }).click())
  await shot(main.page, 'history')
  await checkAccessibility(main.page, 'history')
  await main.page.getByRole('button', { name: 'Clear', exact: true }).click()
  await main.page.waitForSelector('dialog[open]')
  await shot(main.page, 'clear-dialog')
  await main.page.getByRole('button', { name: 'Clear history' }).click()
  await main.page.waitForFunction(() => document.querySelectorAll('[data-testid=history] li').length === 1)
})

step('files: add, rename, remove', 20, async () => {
  const { page } = main
  await page.getByRole('button', { name: 'Add a module' }).click()
  await page.locator('input:focus[aria-label="Name of the new module"]').waitFor()
  await page.keyboard.type('helper.py')
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

step('request builder, limits and curl', 20, async () => {
  const { page } = main
  await runExample(page, 'router')
  await page.getByRole('radio', { name: 'Request' }).check()
  await page.getByLabel('Method').selectOption('POST')
  await page.getByLabel('Path and query').fill('/echo')
  await page.getByRole('button', { name: 'Add a header' }).click()
  await page.getByLabel('Header name 1').fill('content-type')
  await page.getByLabel('Header value 1').fill('text/plain')
  await page.getByLabel('Body', { exact: false }).last().fill("it's back")
  await runByKeys(page)
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

step('a limit that was set here trips, and the figures say so', 20, async () => {
  const { page } = main
  await setCode(page, 'export default { fetch: () => { for (;;); } }\n')
  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByLabel('CPU time').fill('20')
  assert.equal(await runByKeys(page), 'cpu_limit')
  assert.match(await page.textContent('[data-testid=response]'), /CPU limit: \d+ ms used of 20/)
  assert.match(await page.textContent('[data-testid=figure-CPU]'), /^2\d/)
  await page.getByRole('tab', { name: 'Timing' }).click()
  for (const part of ['total', 'start-up CPU', 'peak memory']) await page.getByRole('row', { name: new RegExp(`^${part}`) }).waitFor()
  await checkAccessibility(page, 'timing')
  await shot(page, 'limit-tripped')
  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByRole('button', { name: 'Back to the defaults' }).click()
  assert.equal(await page.getByLabel('CPU time').inputValue(), '')
})

step('the draft survives a reload', 20, async () => {
  await setCode(main.page, '// kept\nexport default { fetch: () => new Response("kept") }\n')
  await main.page.waitForFunction(() => document.body.textContent.includes('Draft saved'))
  await main.page.reload()
  await main.page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('// kept'))
})

step('an answer shows while it streams, and Stop ends it', 20, async () => {
  const { page } = main
  await runExample(page, 'streaming')
  // Seven seconds of it: nobody is that late with the Stop button.
  await page.fill('#prompt', 'word '.repeat(50))
  await page.click('[data-testid=run]')
  await page.waitForFunction(
    () => document.querySelector('[data-testid=body] pre')?.textContent?.includes('3. ') && document.querySelector('[data-testid=outcome]')?.dataset.outcome === 'running',
  )
  await shot(page, 'streaming')
  await page.click('[data-testid=run]')
  await page.waitForSelector('[data-testid=outcome][data-outcome=stopped]')
  await shot(page, 'stopped')
})

step('the keyboard alone is enough', 30, async () => {
  const { page, close } = await openSignedIn({})
  await keyboardOnly(page)
  await close()
})

if (ingress) {
  step('deployed through the API, a function answers at the ingress', 20, async () => {
    const { token } = JSON.parse(session)
    const { prompt, answer } = await deployed({ origin, token, ingress })
    const { page, close } = await openSignedIn({})
    await page.getByRole('tab', { name: /^History/ }).click()
    await page.locator('[data-testid=history] button', { hasText: prompt }).first().click()
    await page.waitForFunction((text) => document.querySelector('[data-testid=body] pre')?.textContent === text, answer)
    await shot(page, 'deployed')
    await close()
  })
}

step('light, dark and phone', 60, async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page, close } = await openSignedIn({ colorScheme })
    await runExample(page, 'json-echo')
    await shot(page, `playground-${colorScheme}`)
    await checkAccessibility(page, `playground, ${colorScheme}`)
    await close()

    const phone = await openSignedIn({ colorScheme, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 })
    await shot(phone.page, `phone-code-${colorScheme}`)
    await phone.page.getByRole('button', { name: 'Examples' }).click()
    await shot(phone.page, `phone-examples-${colorScheme}`)
    await runExample(phone.page, 'json-echo')
    await shot(phone.page, `phone-response-${colorScheme}`)
    await checkAccessibility(phone.page, `phone, ${colorScheme}`)
    await phone.page.getByRole('tab', { name: 'Activity' }).click()
    await shot(phone.page, `phone-activity-${colorScheme}`)
    await phone.close()
  }
  const tablet = await openSignedIn({ viewport: { width: 900, height: 1100 } })
  await ran(tablet.page, () => tablet.page.click('[data-testid=run]'))
  await shot(tablet.page, 'tablet')
  await tablet.close()
})

if (!fake) addConsoleSteps({ step, openSignedIn, origin, ingress, session: () => JSON.parse(session).token })

const failed = await walk(browser)
const faults = allFaults.flat()
for (const fault of faults) console.log(`fault ${fault}`)
if (failed !== null) console.log(`Failed in "${failed}"; the open pages are in ${OUT}/failed-*.png.`)
else if (faults.length > 0) console.log(`${faults.length} faults; pictures in ${OUT}.`)
else console.log(`All as it should be; pictures in ${OUT}.`)
await browser.close()
fake?.server.close()
fake?.server.closeAllConnections()
process.exit(failed === null && faults.length === 0 ? 0 : 1)
