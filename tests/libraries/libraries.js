// Runs the cases: each is bundled, run in node and in isolet, and the answers compared. How a host is started is in `host.js`.
import { readdirSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, parse } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { build } from 'esbuild'
import { startHost } from './host.js'

/** Header fields that say how an answer travels, or what the server's name is. */
const TRAVEL = ['content-length', 'transfer-encoding', 'date', 'connection']
/** What cases share. */
const SUPPORT = ['global-buffer.ts', 'report.ts', 'utc-date.ts']
/** What isolet brings along. */
const EXTERNAL = ['node:*', 'stream']
const folder = mkdtempSync(join(tmpdir(), 'isolet-libraries-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const wanted = process.argv.slice(2)
const files = readdirSync('cases').filter((file) => !SUPPORT.includes(file) && (wanted.length === 0 || wanted.includes(parse(file).name)))
if (files.length === 0) throw new Error(`there is no case ${wanted.join(', ')}`)
const host = await startHost(process.env.ISOLET_BIN)
let failed = 0
for (const file of files) {
  const faults = await check(file).catch((error) => [error.stack])
  if (faults.length > 0) failed++
  for (const fault of faults) console.log(`FAILED ${parse(file).name}: ${fault}`)
}
console.log(`${files.length - failed} of ${files.length} libraries answer as in node`)
if (wanted.length === 0) failed += await project().catch((error) => [error.stack]).then((faults) => faults.map((fault) => console.log(`FAILED project: ${fault}`)).length)
process.exit(failed === 0 ? 0 : 1)

/** What is wrong with a case, and nothing if it answers as in node. */
async function check(file) {
  const { text, bytes } = await bundle(file)
  const { name } = parse(file)
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, text)
  const { default: handler, requests = [{ path: '/' }], options } = await import(path)
  const faults = []
  const took = []
  for (const { path = '/', method = 'GET', headers = {}, body } of requests) {
    const request = { method, path, headers: Object.entries(headers), ...body !== undefined && { body: { text: body } } }
    const answered = await host.run({ code: { modules: { 'main.js': text }, main_module: 'main.js' }, request, options })
    took.push(answered.result?.timing.run_ms)
    const answer = answered.result === undefined ? answered : shown(answered.result)
    const native = await handler.fetch(new Request(`http://sandbox${path}`, { method, headers, body }), {}, context())
    const there = { outcome: 'ok', status: native.status, headers: kept([...native.headers]), body: await native.text() }
    if (there.status === 500 && there.body === '') faults.push(`${method} ${path}: node itself gives 500`)
    if (!isDeepStrictEqual(answer, there)) faults.push(`${method} ${path}\n  isolet ${compact(answer, there)}\n  node   ${compact(there, answer)}`)
  }
  console.log(`${name}: ${requests.length} request(s), bundle of ${Math.ceil(bytes / 1024)} KiB, first request ${took[0]?.toFixed(1)} ms`)
  return faults
}

/** What is wrong with a project that `isolet deploy` bundles with its own esbuild. */
async function project() {
  const deployed = host.deploy('project', 'project')
  const faults = []
  for (const [path, status, wanted] of [
    ['/?name=%3CAda%3E', 200, '<h1>Hello &lt;Ada&gt;</h1>'],
    ['/legacy', 200, '["from a file!"]'],
    ['/breaks', 500, 'broken on line 13\n    at <anonymous> (src/index.tsx:13:'],
  ]) {
    const answer = await host.ask('project', path)
    if (answer.status !== status || !answer.body.includes(wanted)) faults.push(`${path}: ${JSON.stringify(answer)}`)
  }
  console.log(`project: deployed by its own esbuild as version ${deployed.number}`)
  return faults
}

async function bundle(file) {
  const result = await build({ entryPoints: [join('cases', file)], bundle: true, format: 'esm', target: 'es2022', write: false, sourcemap: 'inline', sourcesContent: false, external: EXTERNAL, logLevel: 'error' })
  const text = result.outputFiles[0].text
  return { text, bytes: text.lastIndexOf('//# sourceMappingURL=') }
}

function context() {
  return { waitUntil() {}, passThroughOnException() {} }
}

function shown({ outcome, response, error, logs }) {
  if (response === null) return { outcome, error, logs }
  const { status, headers, body } = response
  return { outcome, status, headers: kept(headers), body: body?.text ?? Buffer.from(body?.base64 ?? '', 'base64').toString() }
}

function kept(headers) {
  return headers.filter(([name]) => !TRAVEL.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** As much of an answer as shows where it parts with another. */
function compact(answer, other) {
  const [a, b] = [JSON.stringify(answer), JSON.stringify(other)]
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at < 200 ? a.slice(0, 700) : `…${a.slice(at - 100, at + 500)}`
}
