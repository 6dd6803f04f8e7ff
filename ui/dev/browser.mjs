// DEVELOPMENT ONLY. A Chromium that talks to nobody but the page's own origin, and a list of everything that went wrong in it:
// CSP reports, console errors, page errors, failed or foreign requests.
import { chromium } from 'playwright-core'

export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  })
}

/** `previews`: the origin of answers that are shown as pages, where one is; what is blocked in there is what the walk is about. */
export async function openPage(browser, origin, { previews, ...options }) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
  const ofPreview = (url) => previews !== undefined && url.startsWith(`${previews}/`)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
  context.setDefaultTimeout(30_000)
  const faults = []
  let closing = false
  await context.addInitScript(() => {
    if (globalThis !== globalThis.top) return
    document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`))
  })
  const page = await context.newPage()
  page.on('console', (message) => {
    // The browser itself writes a line for each answer of 4xx; that a build failed is what the page was asked to show.
    const expected = /Failed to load resource: the server responded with a status of (401|404|412|422)/.test(message.text())
    if (['error', 'warning'].includes(message.type()) && !expected && !ofPreview(message.location().url)) faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`page error: ${error.stack}`))
  page.on('requestfailed', (request) => {
    // The page gives up what it no longer needs an answer to, so does a reload; and Chromium reports a body that was read to its end as a stream
    // as aborted, every second time, plain `fetch` included.
    const givenUp = request.failure()?.errorText === 'net::ERR_ABORTED'
    if (!givenUp && !closing && !ofPreview(request.frame().url())) faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url()) && !ofPreview(request.url())) faults.push(`foreign request: ${request.url()}`)
  })
  /** Requests that this cuts short are nobody's fault. */
  const close = () => {
    closing = true
    return context.close()
  }
  return { context, page, faults, close }
}
