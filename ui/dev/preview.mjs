// DEVELOPMENT ONLY. An answer as a page: shown in its frame, and kept in it. The pages here try whatever a page of a stranger might try:
// to read the console, to use its token, to leave the frame, to talk to anybody.
import assert from 'node:assert/strict'
import { changed, checkAccessibility, runByKeys, setCode, settled, shot, visit } from './actions.mjs'

const code = (html, type = 'text/html') => `export default { fetch: () => new Response(${JSON.stringify(html)}, { headers: { 'content-type': '${type}', 'set-cookie': 'a=1', 'x-frame-options': 'DENY' } }) }\n`

const PAGE = `<!doctype html><title>Shown</title><style>body { font: 20px system-ui; background: linear-gradient(#eef, #fff); padding: 2rem } b { color: #4338ca }</style>
<h1>Orders of <b id="who"></b></h1><img alt="dot" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='40' height='40'%3E%3Ccircle cx='20' cy='20' r='18' fill='%234338ca'/%3E%3C/svg%3E">
<form><input name="n" required><button>Add</button></form><ul></ul>
<script>
  document.getElementById('who').textContent = 'a script'
  document.forms[0].addEventListener('submit', (event) => { event.preventDefault(); document.querySelector('ul').append(event.target.n.value) })
</script>`

/** Every attempt says what it came to; what never comes back is cut off. */
const attempts = (console) => `<!doctype html><pre id="said"></pre>
<script>
const said = {}
const attempt = async (name, act) => {
  try {
    said[name] = String(await Promise.race([act(), new Promise((_, no) => setTimeout(no, 1500, new Error('silence')))]))
  } catch (error) {
    said[name] = 'refused'
  }
}
const image = (src) => new Promise((ok, no) => Object.assign(new Image(), { onload: ok, onerror: no, src }))
const socket = (url) => new Promise((ok, no) => Object.assign(new WebSocket(url), { onopen: ok, onerror: no }))
;(async () => {
  await attempt('the page around it', () => parent.document.title)
  await attempt('its token', () => parent.sessionStorage.getItem('isolet.session'))
  await attempt('its address', () => parent.location.href)
  await attempt('storage', () => localStorage.length)
  await attempt('session storage', () => sessionStorage.length)
  await attempt('cookies', () => (document.cookie = 'a=1'))
  await attempt('databases', () => indexedDB.open('x'))
  await attempt('a worker of the origin', () => navigator.serviceWorker.register('/x.js'))
  await attempt('the API', () => fetch('${console}/v1/whoami').then((answer) => answer.status))
  await attempt('the API, blindly', () => fetch('${console}/v1/sessions', { method: 'POST', mode: 'no-cors', body: '{}' }).then(() => 'sent'))
  await attempt('its own origin', () => fetch(location.href).then((answer) => answer.status))
  await attempt('an image', () => image('${console}/icon.svg'))
  await attempt('a socket', () => socket('${console.replace('http', 'ws')}/v1/x'))
  await attempt('events', () => new Promise((ok, no) => Object.assign(new EventSource('${console}/v1/x'), { onopen: ok, onerror: no })))
  await attempt('a frame', () => new Promise((ok, no) => {
    const frame = document.createElement('iframe')
    Object.assign(frame, { src: '${console}/', onload: () => (frame.contentDocument === null ? no() : ok('there')) })
    document.body.append(frame)
  }))
  await attempt('a window', () => open('${console}/') ?? Promise.reject(new Error('none')))
  await attempt('the whole window', () => { top.location.href = '${console}/#/keys'; return new Promise((ok) => setTimeout(ok, 300, 'went')) })
  await attempt('full screen', () => document.documentElement.requestFullscreen().then(() => 'taken'))
  await attempt('the clipboard', () => navigator.clipboard.readText())
  await attempt('a question over everything', () => confirm('sign in again?') || Promise.reject(new Error('not shown')))
  for (const message of ['isolet.session', { type: 'sign-in' }]) parent.postMessage(message, '*')
  said.origin = self.origin
  document.getElementById('said').textContent = JSON.stringify(said)
})()
</script>`

async function preview(page, html, type) {
  await setCode(page, code(html, type))
  assert.equal(await runByKeys(page), 'ok')
  await page.getByRole('tab', { name: 'Preview' }).click()
  await settled(page)
  return page.frameLocator('[data-testid=preview]')
}

export function addPreviewSteps({ step, openSignedIn, origin, ingress }) {
  if (ingress === undefined) return
  const previews = `http://preview.localhost:${new URL(ingress).port}`

  step('preview: an answer as a page, in its frame', 40, async () => {
    const { page, close } = await openSignedIn({ previews })
    const frame = await preview(page, PAGE)
    await frame.getByText('Orders of a script').waitFor()
    await frame.locator('input').fill('typed')
    await frame.locator('input').press('Enter')
    await frame.getByText('typed').waitFor()
    assert.equal(await page.locator('[data-testid=preview]').getAttribute('sandbox'), 'allow-scripts allow-forms')
    await checkAccessibility(page, 'preview')
    await shot(page, 'preview')
    // From the history as well, and gone with the run.
    await page.getByRole('tab', { name: 'Body', exact: true }).click()
    await page.getByRole('tab', { name: /^History/ }).click()
    await page.locator('[data-testid=history] li button').first().click()
    await page.waitForSelector('[data-testid=status-line]:has-text("back in the editor")')
    await page.getByRole('tab', { name: 'Preview' }).click()
    await frame.getByText('Orders of a script').waitFor()
    await changed(page, 'DELETE', () => page.getByRole('button', { name: 'Delete this prompt' }).first().click())
    await page.getByRole('tab', { name: 'Body', exact: true }).click()
    await page.getByRole('tab', { name: 'Preview' }).click()
    await page.getByText('The page could not be loaded').waitFor()
    // What is to be read is not offered as a page.
    await setCode(page, code('plain', 'text/plain'))
    assert.equal(await runByKeys(page), 'ok')
    assert.equal(await page.getByRole('tab', { name: 'Preview' }).count(), 0)
    await close()
  })

  step('preview: nothing leads out of the frame', 60, async () => {
    const { page, context, close } = await openSignedIn({ previews })
    const before = await page.evaluate(() => sessionStorage.getItem('isolet.session'))
    const ofFrame = (request) => request.frame() !== page.mainFrame()
    const [answered, failed] = [[], []]
    context.on('response', (response) => ofFrame(response.request()) && answered.push(response.url()))
    context.on('requestfailed', (request) => ofFrame(request) && failed.push(`${request.failure().errorText} ${request.url()}`))
    const frame = await preview(page, attempts(origin))
    await frame.locator('#said:not(:empty)').waitFor({ timeout: 30_000 })
    const said = JSON.parse(await frame.locator('#said').textContent())
    const { origin: own, ...tried } = said
    assert.equal(own, 'null', 'the page has the origin of nobody')
    assert.deepEqual(Object.entries(tried).filter(([, came]) => came !== 'refused'), [])
    assert.ok(Object.keys(tried).length >= 20)
    assert.deepEqual(answered, [await page.locator('[data-testid=preview]').getAttribute('src')], 'the page itself was all that was answered')
    // Chromium tells of some requests that it never sent: by the page's policy.
    assert.deepEqual(failed.filter((line) => !line.startsWith('csp ')), [])
    // The console is where it was, signed in, and did not listen.
    assert.ok(page.url().startsWith(`${origin}/#/playground`) || page.url() === `${origin}/`)
    assert.equal(await page.evaluate(() => sessionStorage.getItem('isolet.session')), before)
    assert.deepEqual(await context.cookies(), [])
    await shot(page, 'preview-attacks')
    await visit(page, 'functions')
    await close()
  })

  step('preview: a page that leaves by itself gets nowhere', 40, async () => {
    for (const leaves of [`<script>location.href = '${origin}/'</script>`, `<meta http-equiv="refresh" content="0;url=${origin}/">`, `<a id="a" href="${origin}/">x</a><script>a.click()</script>`, `<form id="f" action="${origin}/v1/sessions" method="post"><input name="key" value="x"></form><script>f.submit()</script>`]) {
      const { page, context, faults, close } = await openSignedIn({ previews })
      const blocked = page.waitForEvent('console', (message) => /frame-src/.test(message.text()))
      const arrived = []
      context.on('response', (response) => response.frame() !== page.mainFrame() && arrived.push(response.url()))
      await preview(page, leaves)
      await blocked
      assert.deepEqual(arrived.filter((url) => !url.startsWith(`${previews}/`)), [])
      assert.equal(await page.getByRole('tab', { name: 'Preview' }).count(), 1)
      // The console's own policy stopped it, and said so.
      faults.splice(0, faults.length, ...faults.filter((fault) => !/frame-src|foreign request/.test(fault)))
      await close()
    }
  })

  step('preview: shown by the console alone', 30, async () => {
    const { page, close } = await openSignedIn({ previews })
    await preview(page, PAGE)
    const url = await page.locator('[data-testid=preview]').getAttribute('src')
    const answer = await fetch(url.replace('preview.localhost', '127.0.0.1'))
    assert.equal(answer.status, 421, 'on no other name')
    await close()

    // In a tab of its own it is as sealed.
    const alone = await openSignedIn({ previews })
    await alone.page.goto(url)
    await alone.page.getByText('Orders of a script').waitFor()
    assert.equal(await alone.page.evaluate(() => self.origin), 'null')
    await alone.close()
  })
}
