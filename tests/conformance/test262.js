// Runs the ECMAScript test suite. Which tests QuickJS leaves out, and which of them it fails, is read from its own lists, as they lie with
// the engine's sources; what fails beside those must be in expected/test262.txt. How the command is used: see run.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { readExpected, writeExpected } from './expected.js'
import { startHost } from './host.js'

const { values: flags } = parseArgs({
  options: {
    file: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string', default: '2' },
    record: { type: 'string' },
    prune: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const root = process.env.TEST262_ROOT
if (!root) fail('TEST262_ROOT must name a checkout of test262')
const quickjs = process.env.QUICKJS_ROOT ?? fileURLToPath(new URL('../../guest-sdk/engine/quickjs/quickjs', import.meta.url))
if (!existsSync(join(quickjs, 'test262.conf'))) fail(`no test262.conf in ${quickjs}: run guest-sdk/build, or set QUICKJS_ROOT`)

const guest = readFileSync(fileURLToPath(new URL('guest262.js', import.meta.url)), 'utf8')
const harness = new Map()
const lists = quickjsLists()
const host = await startHost(process.env.ISOLET_BIN)
const counts = { passed: 0, failed: 0, skipped: 0, known: 0 }
const failures = new Map()
await runAll()
report()

function fail(message) {
  console.error(`tests/conformance/run: ${message}`)
  process.exit(2)
}

/** Features it has, path prefixes it leaves out, and tests it is known to fail. */
function quickjsLists() {
  const features = new Set()
  const excluded = []
  let section = ''
  for (const raw of readFileSync(join(quickjs, 'test262.conf'), 'utf8').split('\n')) {
    const line = raw.replace(/#.*/, '').trim()
    if (line === '') continue
    if (line.startsWith('[')) section = line
    else if (section === '[features]' && !line.endsWith('=skip')) features.add(line.split('=')[0])
    else if (section === '[exclude]') excluded.push(line.replace('test262/', ''))
  }
  const errors = readFileSync(join(quickjs, 'test262_errors.txt'), 'utf8')
  return { features, excluded, known: new Set([...errors.matchAll(/^test262\/(\S+?\.js):/gm)].map((match) => match[1])) }
}

async function runAll() {
  const left = testFiles('test')
  await Promise.all(Array.from({ length: Number(flags.jobs) }, async () => {
    while (left.length > 0) await runFile(left.shift())
  }))
}

function testFiles(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return testFiles(path)
    const wanted = flags.file.length === 0 || flags.file.some((part) => path.includes(part))
    return path.endsWith('.js') && !path.includes('_FIXTURE') && wanted ? [path] : []
  })
}

/** The front matter: flags, includes, features, and what must go wrong. */
function metadata(text) {
  const yaml = /\/\*---([\s\S]*?)---\*\//.exec(text)?.[1] ?? ''
  const list = (key) => {
    const inline = new RegExp(`^ *${key}: *\\[([^\\]]*)\\]`, 'm').exec(yaml)
    if (inline) return inline[1].split(',').map((one) => one.trim()).filter(Boolean)
    const block = new RegExp(`^ *${key}:\\s*\\n((?: *- .*\\n?)+)`, 'm').exec(yaml)
    return block ? [...block[1].matchAll(/- *(\S+)/g)].map((match) => match[1]) : []
  }
  const negative = /negative:\s*\n((?: +\S.*\n?)+)/.exec(yaml)?.[1]
  const part = (key) => new RegExp(`${key}: *(\\S+)`).exec(negative ?? '')?.[1]
  return { flags: list('flags'), includes: list('includes'), features: list('features'), phase: part('phase'), type: part('type') }
}

async function runFile(file) {
  const text = readFileSync(join(root, file), 'utf8')
  const meta = metadata(text)
  if (lists.excluded.some((prefix) => file.startsWith(prefix)) || meta.features.some((name) => !lists.features.has(name))) {
    counts.skipped++
    return
  }
  const modes = meta.flags.includes('module') ? ['module']
    : meta.flags.includes('raw') || meta.flags.includes('noStrict') ? ['sloppy']
      : meta.flags.includes('onlyStrict') ? ['strict'] : ['sloppy', 'strict']
  for (const mode of modes) {
    const message = await runMode(file, text, meta, mode)
    if (message === null) continue
    if (lists.known.has(file)) counts.known++
    else {
      counts.failed++
      failures.set(file, `${mode}: ${message}`)
    }
    return
  }
  counts.passed++
}

/** What went wrong, or null. */
async function runMode(file, text, meta, mode) {
  const includes = meta.flags.includes('raw') ? [] : ['assert.js', 'sta.js', ...meta.includes]
  if (meta.flags.includes('async')) includes.push('doneprintHandle.js')
  const name = posix.basename(file)
  const prelude = includes.map(harnessFile).join('\n')
  const task = { prelude, name: `./${name}`, text, isModule: mode === 'module', isStrict: mode === 'strict', isAsync: meta.flags.includes('async') }
  const modules = { ...fixtures(file, text), ...mode === 'module' && { [name]: text } }
  modules['main.js'] = `${guest}\nexport default { fetch: () => run262(${JSON.stringify(task)}, (name) => import(name)) };\n`
  const result = await host.run(modules, { wallMs: 30_000 })
  return verdict(result, meta)
}

function harnessFile(name) {
  // Evaluated by itself, only what `var` declares outlives the evaluation.
  const shared = (text) => text.replace(/^(?:const|let) /gm, 'var ').replace(/^class (\w+)/gm, 'var $1 = class $1')
  if (!harness.has(name)) harness.set(name, shared(readFileSync(join(root, 'harness', name), 'utf8')))
  return harness.get(name)
}

/** The modules beside a test that it imports, directly or through each other. */
function fixtures(file, text, found = {}) {
  for (const [, name] of text.matchAll(/['"]\.\/([\w./-]+_FIXTURE\.(?:js|json))['"]/g)) {
    const path = join(root, dirname(file), name)
    if (found[name] !== undefined || !existsSync(path)) continue
    found[name] = readFileSync(path, 'utf8')
    fixtures(file, found[name], found)
  }
  return found
}

function verdict(result, meta) {
  const said = result.outcome === 'ok' ? JSON.parse(result.response.body.text) : { error: buildError(result) }
  if (meta.type !== undefined) {
    if (said.error === null) return `should have thrown ${meta.type}`
    return said.error.startsWith(meta.type) ? null : `threw ${said.error}, not ${meta.type}`
  }
  return said.error
}

/** A module's syntax error, or a name that it asks another for in vain, shows when the function is built, in the words of who found it. */
function buildError(result) {
  const first = result.error?.errors?.[0]
  const message = first?.detail ?? first?.message ?? result.error?.message ?? ''
  if (/^\w*Error/.test(message)) return message
  const isSyntax = first?.code === 'unknown_export'
    || (result.outcome === 'build_failed' && first?.file !== undefined && first.code !== 'unknown_module')
  return `${isSyntax ? 'SyntaxError: ' : ''}${result.outcome}: ${message}`
}

function report() {
  const expected = readExpected('test262')
  const unlisted = [...failures.keys()].filter((file) => !expected.has(file)).sort()
  const ran = (file) => flags.file.length === 0 || flags.file.some((part) => file.includes(part))
  const passing = [...expected.keys()].filter((file) => ran(file) && !failures.has(file)).sort()
  for (const file of unlisted) console.log(`FAIL ${file}${flags.verbose ? `\n       ${failures.get(file).replaceAll('\n', '\n       ')}` : ''}`)
  for (const file of passing) console.log(`PASS, though listed as failing: ${file}`)
  if (flags.record !== undefined) for (const file of unlisted) expected.set(file, flags.record)
  if (flags.prune) for (const file of passing) expected.delete(file)
  if (flags.record !== undefined || flags.prune) writeExpected('test262', expected)
  const { passed, failed, skipped, known } = counts
  console.log(`test262: ${passed} passed of ${passed + failed + known}; ${known} that QuickJS lists failed, ${failed} others; ${skipped} left out as QuickJS does`)
  const wrong = (flags.record === undefined ? unlisted.length : 0) + (flags.prune ? 0 : passing.length)
  process.exit(wrong > 0 ? 1 : 0)
}
