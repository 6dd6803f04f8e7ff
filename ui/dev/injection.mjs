// DEVELOPMENT ONLY. Feeds every hostile text into every place where a tenant's text is shown or typed, and wants it shown as it is: nothing
// ran, nothing became an element, no CSP report (those are faults of the walk).
import assert from 'node:assert/strict'
import { ran, runByKeys, setCode, shot, visit } from './actions.mjs'
import { apiOf } from './api.mjs'
import { HOSTILE, INJECTIONS } from './hostile.mjs'

const PATH = '/v1/tenants/demo'

async function openWatched(openSignedIn) {
  const opened = await openSignedIn({})
  await opened.context.addInitScript(watch)
  await opened.page.reload()
  await opened.page.waitForSelector('.cm-content')
  return opened
}

/** Runs in the page before anything else. */
function watch() {
  globalThis.calls = []
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) globalThis[name] = (text) => void globalThis.calls.push(`${name}(${text})`)
}

/** Nothing ran, and no text became an element or an attribute that could run. */
async function nothingRan(page, where) {
  const found = await page.evaluate(() => {
    const made = [...document.querySelectorAll('img:not(.cm-widgetBuffer), iframe, object, embed, base, form[action], meta[http-equiv], a[href^="javascript:" i], script:not([src]), template, video, math')]
    const handlers = [...document.querySelectorAll('*')].filter((node) => [...node.attributes].some(({ name }) => name.startsWith('on')))
    return { calls: globalThis.calls, made: [...made, ...handlers].map((node) => node.outerHTML.slice(0, 200)) }
  })
  assert.deepEqual(found, { calls: [], made: [] }, where)
}

export function addInjectionSteps({ step, openSignedIn, origin, session }) {
  assert.ok(INJECTIONS.length >= 300)

  step('hostile text: a run that says it all', 60, async () => {
    const { page, close } = await openWatched(openSignedIn)
    await setCode(
      page,
      `const all = ${JSON.stringify(HOSTILE)}\nexport default {\n  fetch(request) {\n    for (const text of all) console.log(text)\n    if (request.url.includes('throw')) throw new Error(all.slice(0, 200).join(' '))\n    return new Response(all.join('\\n'), { headers: { 'content-type': 'text/html', 'x-evil': all[1] } })\n  },\n}\n`,
    )
    assert.equal(await runByKeys(page), 'ok')
    await page.getByRole('radio', { name: 'Text' }).check()
    // Line ends are shown as such, whichever they are.
    assert.equal((await page.textContent('[data-testid=body] pre')).length, HOSTILE.join('\n').length)
    const lines = await page.locator('[data-testid=console] .tenant-text').allTextContents()
    assert.equal(lines.length, HOSTILE.length)
    for (const [at, text] of INJECTIONS.entries()) assert.equal(lines[at], text)
    await nothingRan(page, 'console and body')
    for (const form of ['Raw', 'Hex']) {
      await page.getByRole('radio', { name: form, exact: true }).check()
      await nothingRan(page, form)
    }
    await page.getByRole('tab', { name: /^Headers/ }).click()
    await nothingRan(page, 'headers')
    await shot(page, 'hostile-run')
    await page.fill('#prompt', 'throw')
    assert.equal(await ran(page, () => page.keyboard.press('Enter')), 'exception')
    await nothingRan(page, 'an exception')
    await close()
  })

  step('hostile text: prompts in the history', 60, async () => {
    const api = apiOf(origin, session())
    const { page, close } = await openWatched(openSignedIn)
    await page.getByRole('tab', { name: /^History/ }).click()
    for (let from = 0; from < HOSTILE.length; from += 20) {
      const batch = HOSTILE.slice(from, from + 20)
      await api('DELETE', `${PATH}/prompts`)
      for (const prompt of batch) await api('POST', `${PATH}/prompts`, { prompt })
      await page.reload()
      await page.getByRole('tab', { name: /^History/ }).click()
      const newest = batch.at(-1).slice(0, 300)
      await page.waitForFunction((text) => document.querySelector('[data-testid=history] li .font-mono')?.textContent === text, newest)
      await nothingRan(page, `prompts from ${from}`)
    }
    await api('DELETE', `${PATH}/prompts`)
    await close()
  })

  step('hostile text: messages, variables, names, labels, reasons', 90, async () => {
    const api = apiOf(origin, session())
    await api('PUT', `${PATH}/functions/hostile`, {})
    const taken = { messages: [], names: [] }
    for (const [at, text] of HOSTILE.entries()) {
      const message = [...text].slice(0, 200).join('')
      const { ok } = await api.status('POST', `${PATH}/functions/hostile/versions`, { modules: { 'main.js': `export default () => new Response("${at}")`, 'text.txt': text }, main_module: 'main.js', message })
      if (ok) taken.messages.push(message)
    }
    for (let from = 0; from < HOSTILE.length; from += 20) await api.status('POST', `${PATH}/functions/hostile/env`, { name: `V${from}`, value: HOSTILE.slice(from, from + 20).join('\n') })
    for (const text of HOSTILE) {
      const name = [...text].slice(0, 60).join('')
      const { ok } = await api.status('POST', `${PATH}/keys`, { preset: 'read-only', name })
      if (ok) taken.names.push(name)
    }
    assert.ok(Object.values(taken).every((texts) => texts.length >= 300), Object.values(taken).map((texts) => texts.length).join())
    await api('POST', '/v1/tenants', { slug: 'hostile' })
    await api('PATCH', '/v1/tenants/hostile', { labels: { a: INJECTIONS[1], b: INJECTIONS[15] } })
    await api('POST', '/v1/tenants/hostile/suspend', { reason: INJECTIONS[1] })

    const { page, close } = await openWatched(openSignedIn)
    const look = async (address, shown) => {
      await page.goto(`${origin}/#/${address}`)
      await page.locator('main').getByText(shown, { exact: true }).first().waitFor()
      await nothingRan(page, address)
    }
    await look('functions/hostile', INJECTIONS[0])
    const messages = await page.locator('main tbody td.tenant-text').allTextContents()
    assert.deepEqual(taken.messages.filter((text) => !messages.includes(text)), [], 'messages that are not shown as they are')
    await page.getByRole('button', { name: /^Changes of version/ }).first().click()
    await page.locator('[data-testid=diff]').waitFor()
    await nothingRan(page, 'a diff')
    await look('functions/hostile/env', 'V0')
    await look('keys', INJECTIONS[1])
    const names = await page.locator('main tbody .tenant-text').allTextContents()
    assert.deepEqual(taken.names.filter((text) => !names.includes(text)), [], 'names that are not shown as they are')
    await look('overview', 'hostile')
    await look('overview/hostile', 'Plan')
    await page.goto(`${origin}/#/playground?function=hostile`)
    await page.reload()
    await page.waitForSelector('.cm-content')
    await nothingRan(page, 'the playground')
    await api('DELETE', '/v1/tenants/hostile?confirm=hostile')
    await api('DELETE', `${PATH}/functions/hostile`)
    for (const { id } of (await api('GET', `${PATH}/keys`)).data) await api('DELETE', `${PATH}/keys/${id}`)
    await close()
  })

  step('hostile text: typed into every field, of pages and of dialogs', 150, async () => {
    const { page, close } = await openWatched(openSignedIn)
    // What is typed into filters is asked for at once: the host need not answer that 20,000 times.
    await page.route(/\/v1\/(audit|usage|tenants\/demo\/(logs|metrics))\?/, (route) => route.fulfill({ json: { data: [], next_cursor: null } }))
    await page.getByRole('radio', { name: 'Request' }).check()
    await page.getByRole('button', { name: 'Add a header' }).click()
    await page.getByRole('button', { name: 'Add a variable' }).click()
    let fields = 0
    const changed = []
    for (const [address, act] of FIELDS) {
      await visit(page, address)
      await act?.(page)
      const { count, wrong } = await page.evaluate(typeAll, HOSTILE)
      changed.push(...wrong.map((each) => [address, ...each]))
      assert.ok(count > 0, `${address} has no field`)
      fields += count
      await nothingRan(page, `fields of ${address}`)
      await page.keyboard.press('Escape')
    }
    assert.deepEqual(changed, [])
    assert.ok(fields >= 50, `${fields} fields`)
    console.log(`      ${HOSTILE.length} texts (${INJECTIONS.length} of them script) typed into ${fields} fields`)
    await close()
  })
}

const press = (name) => (page) => page.getByRole('button', { name }).first().click()
const open = (name) => async (page) => {
  await press(name)(page)
  await page.locator('dialog[open] :is(input, textarea)').first().waitFor()
}

/** Where there is something to type into, and what has to be done before it is there. */
const FIELDS = [
  ['playground'],
  ['playground', (page) => page.getByRole('tab', { name: 'Limits' }).click()],
  ['playground', press('Add a module')],
  ['playground', async (page) => {
    await page.keyboard.press('ControlOrMeta+Shift+d')
    await page.locator('dialog[open] input').first().waitFor()
  }],
  ['functions'],
  ['functions', async (page) => {
    await page.keyboard.press('ControlOrMeta+k')
    await page.locator('dialog[open] input').waitFor()
  }],
  ['functions', press(/^Tenant: /)],
  ['functions/hello/versions', open('Delete hello')],
  ['functions/hello/traffic'],
  ['functions/hello/routes'],
  ['functions/hello/env'],
  ['functions/hello/egress', press('Add a rule')],
  ['logs'],
  ['usage/windows'],
  ['keys', open('New key')],
  ['overview'],
  ['overview', open('New tenant')],
  ['overview/demo'],
  ['overview/demo', open('Suspend')],
  ['overview/demo', open(/^Delete demo/)],
  ['audit'],
  ['docs/api'],
  ['docs/runtime'],
  ['docs/problems'],
]

/**
 * Runs in the page: every text into every field that takes text, in the dialog that is open or else on the page. How many fields there
 * were, and what they showed instead of what was typed.
 */
async function typeAll(texts) {
  const within = document.querySelector('dialog[open], [popover]:popover-open') ?? document.querySelector('#main')
  const fields = [...within.querySelectorAll('input, textarea')].filter((field) => !field.disabled && !field.readOnly && field.checkVisibility() && !['radio', 'checkbox', 'range', 'number', 'date', 'datetime-local', 'file'].includes(field.type))
  const wrong = []
  for (const field of fields) {
    for (const text of [...texts, '']) {
      // What a person's typing does: the element takes out line breaks where it has one line.
      field.value = text
      const typed = field.value
      field.dispatchEvent(new InputEvent('input', { bubbles: true }))
      // Until the page has had its turn.
      await new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel()
        port1.addEventListener('message', resolve, { once: true })
        port1.start()
        port2.postMessage(null)
      })
      // Some fields end where a longer text would never be right, or take no blanks around it.
      if (field.isConnected && field.value.trim() !== typed.trim()) wrong.push([field.getAttribute('aria-label') ?? field.id, typed.slice(0, 60), field.value.slice(0, 60)])
    }
  }
  return { count: fields.length, wrong: wrong.slice(0, 3) }
}
