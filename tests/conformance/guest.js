// Runs inside the function, before the harness: the few names of a browser that tests take for granted, the files they fetch, and the
// report. Part of each packed test; not a module of the runner.

/** Milliseconds a test file may take before what is still open counts as timed out. */
const TIMEOUT_MS = 12_000
const LONG_TIMEOUT_MS = 60_000

function runTests(url, { harness, test, resources, mayThrow }) {
  const asked = new URL(url)
  const page = new URL(`http://web-platform.test${asked.pathname}${asked.search}`)
  const { href, origin, pathname, search, host, hostname, protocol, port } = page
  globalThis.location = { href, origin, pathname, search, host, hostname, protocol, port, toString: () => href }
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false }
  serve(resources, page)
  const evaluate = eval
  evaluate(harness)
  globalThis.get_title = () => page.pathname
  let uncaught = null
  const note = (event) => {
    event.preventDefault()
    if (!mayThrow) uncaught ??= `uncaught: ${event.reason ?? event.error}`
  }
  addEventListener('error', note)
  addEventListener('unhandledrejection', note)
  const report = new Promise((resolve) => {
    add_completion_callback((tests, status) => resolve(summary(tests, status, uncaught)))
  })
  // The IDL tests ask what kind of global this is: the answer decides which interfaces they look for.
  if (Object.keys(resources).some((name) => name.startsWith('/interfaces/'))) globalThis.Window = Object
  const long = asked.searchParams.has('long-timeout') ? LONG_TIMEOUT_MS : TIMEOUT_MS
  const watchdog = setTimeout(() => timeout(), long)
  evaluate(test)
  return report.then((text) => {
    clearTimeout(watchdog)
    return new Response(text)
  })
}

function serve(resources, page) {
  const outside = globalThis.fetch
  const types = { json: 'application/json', html: 'text/html', txt: 'text/plain', idl: 'text/plain' }
  globalThis.fetch = function fetch(input, init) {
    if (typeof input === 'string' || input instanceof URL) {
      const { origin, pathname } = URL.parse(input, page) ?? {}
      if (origin === page.origin && Object.hasOwn(resources, pathname)) {
        const bytes = Uint8Array.from(atob(resources[pathname]), (char) => char.charCodeAt(0))
        const type = types[pathname.split('.').at(-1)] ?? 'application/octet-stream'
        return Promise.resolve(new Response(bytes, { headers: { 'content-type': type } }))
      }
    }
    return outside(...arguments)
  }
}

function summary(tests, status, uncaught) {
  const failures = tests.filter((test) => test.status !== 0)
  return JSON.stringify({
    total: tests.length,
    harness: status.status === 0 ? uncaught : `${status.message}`.slice(0, 300),
    failures: failures.map(({ name, message }) => [name, `${message}`.slice(0, 300)]),
  })
}
