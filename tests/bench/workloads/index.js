// The workloads: what is sent to each, and what must come back. The code that the servers run is in the other files here; how it gets
// to a server is in ../peers.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { bundle } from './bundle.js'

/** Stands in sources, requests and answers where each request has a text of its own; as long as any tag. */
export const TAG = '@@@@TAG@@@@'
/** Requests of a workload that differ in what is computed. */
const VARIANTS = 8

const file = (name) => readFileSync(new URL(name, import.meta.url), 'utf8')

function orders() {
  const names = ['Ada', 'Blaise', 'Carl', 'Dorothy', 'Emmy', 'Felix', 'Grace', 'Hedy', 'Isaac', 'Joan']
  const all = []
  const text = () => JSON.stringify({ orders: all })
  for (let n = 0; text().length < 10 * 1024; n++) {
    const lines = Array.from({ length: 1 + (n % 3) }, (_, at) => ({ sku: `sku-${(n * 31 + at * 7) % 997}`, quantity: 1 + ((n + at) % 5) }))
    all.push({ id: 1000 + n, customer: `${names[(n * 7) % 10]} ${n % 13}`, open: n % 4 !== 0, cents: (n * 7919) % 12000, lines })
  }
  return text()
}

/** A workload with its packages, as a user's bundler gives it. `PACKAGES` names the folder they are installed in. */
async function bundled(name) {
  const folder = process.env.PACKAGES
  const { build } = createRequire(join(folder, 'x'))('esbuild')
  const entry = fileURLToPath(new URL(name, import.meta.url))
  const result = await build({
    entryPoints: [entry], bundle: true, format: 'esm', minify: true, target: 'es2022', nodePaths: [join(folder, 'node_modules')], write: false,
    charset: 'ascii', logLevel: 'error',
  })
  return result.outputFiles[0].text
}

const all = [
  { name: 'hello', title: 'Hello with `?q=`', source: () => file('hello.js') },
  { name: 'json', title: '10 KB of JSON, filtered and sorted', source: () => file('json.js'), body: orders },
  { name: 'numeric', title: 'Loops, fib(25), mixing of strings', source: () => file('numeric.js') },
  { name: 'html', title: '200 rows of HTML with escaping', source: () => file('html.js') },
  { name: 'bundle', title: 'A bundle of 100 KB', source: bundle },
  { name: 'hono', title: 'hono and zod, bundled', source: () => bundled('hono.js') },
]

export const names = all.map(({ name }) => name)

/** A workload with its source, its requests and, found by running the source here, the answers to them; `TAG` stands in all of these. */
export async function load(name) {
  const { title, source, body } = all.find((workload) => workload.name === name)
  const text = await source()
  const { default: handler } = await import(`data:text/javascript,${encodeURIComponent(text)}`)
  const requests = Array.from({ length: VARIANTS }, (_, q) => ({
    method: body ? 'POST' : 'GET', path: `/?q=${q}`, body: body?.(), type: body && 'application/json',
  }))
  const answers = await Promise.all(requests.map(async ({ method, path, body, type }) => {
    const request = new Request(`http://localhost${path}`, { method, body, headers: type && { 'content-type': type } })
    return (await handler.fetch(request)).text()
  }))
  for (const text of answers) if (text.split(TAG).length !== 2) throw new Error(`${name}: an answer does not hold its tag once`)
  return { name, title, source: text, requests, answers }
}
