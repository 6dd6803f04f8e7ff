// Runs web-platform-tests, area by area, and compares each subtest with the lists in expected/. How the command is used: see run.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { areas, excluded, exclusion } from './areas.js'
import { fileOf, lineOf, readExpected, wholeFile, writeExpected } from './expected.js'
import { startHost } from './host.js'
import { packs } from './pack.js'

const { values: flags } = parseArgs({
  options: {
    area: { type: 'string', multiple: true, default: [] },
    file: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string', default: '2' },
    record: { type: 'string' },
    prune: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const root = process.env.WPT_ROOT
if (!root) fail('WPT_ROOT must name a checkout of web-platform-tests')
for (const area of flags.area) if (!areas[area]) fail(`no area is called ${area}; there are ${Object.keys(areas).join(', ')}`)

const host = await startHost(process.env.ISOLET_BIN)
const totals = []
let red = false
for (const area of flags.area.length > 0 ? flags.area : Object.keys(areas)) await runArea(area)
printTotals()
process.exit(red ? 1 : 0)

function fail(message) {
  console.error(`tests/conformance/run: ${message}`)
  process.exit(2)
}

async function runArea(area) {
  const files = areas[area].flatMap((folder) => testFiles(folder))
  const wanted = files.filter((file) => flags.file.length === 0 || flags.file.some((part) => file.includes(part)))
  const left = wanted.flatMap((file) => packs(root, file))
  const results = []
  await Promise.all(Array.from({ length: Number(flags.jobs) }, async () => {
    while (left.length > 0) results.push(await runPack(left.shift()))
  }))
  compare(area, results)
}

function testFiles(folder) {
  let entries
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true })
  } catch {
    fail(`WPT_ROOT has no folder ${folder}`)
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return testFiles(path)
    return path.endsWith('.any.js') && exclusion(path) === undefined ? [path] : []
  })
}

/** `{ file, total, failures: [subtest or null for the file, message] }` */
async function runPack(pack) {
  const { file, long } = pack
  const broken = (message) => ({ file, total: 1, failures: [[null, message]] })
  let result
  try {
    const path = long ? `${pack.path}${pack.path.includes('?') ? '&' : '?'}long-timeout` : pack.path
    result = await host.run(pack.modules(), { path, wallMs: long ? 90_000 : 20_000 })
  } catch (error) {
    return broken(`could not be run: ${error.message}`)
  }
  const text = result.response?.body?.text
  if (result.outcome !== 'ok' || result.response.status !== 200 || result.response.truncated) {
    return broken(`${result.outcome}: ${result.error?.message ?? ''} ${result.error?.errors ? JSON.stringify(result.error.errors) : ''}`)
  }
  const { total, harness, failures } = JSON.parse(text)
  if (harness !== null || total === 0) failures.push([null, harness ?? 'no subtests'])
  return { file, total: total + (harness !== null || total === 0 ? 1 : 0), failures }
}

function compare(area, results) {
  const expected = readExpected(area)
  const known = new Map(expected)
  const seen = new Set(results.map((result) => result.file))
  const failed = new Map()
  if (flags.verbose) for (const { file, total, failures } of results) console.log(`FILE ${file}: ${total - failures.length} of ${total}`)
  let total = 0
  for (const result of results) {
    total += result.total
    for (const [subtest, message] of result.failures) failed.set(lineOf(result.file, subtest), message)
  }
  const failing = new Set([...failed.keys()].map(fileOf))
  const listed = (line) => expected.get(line) ?? expected.get(wholeFile(fileOf(line)))
  const stillFails = (line) => failed.has(line) || (line === wholeFile(fileOf(line)) && failing.has(fileOf(line)))
  const unlisted = [...failed.keys()].filter((line) => listed(line) === undefined).sort()
  const passing = [...expected.keys()].filter((line) => seen.has(fileOf(line)) && !stillFails(line)).sort()
  for (const line of unlisted) console.log(`FAIL ${line}${flags.verbose ? `\n       ${failed.get(line).replaceAll('\n', '\n       ')}` : ''}`)
  for (const line of passing) console.log(`PASS, though listed as failing: ${line}`)
  if (flags.record !== undefined) for (const line of unlisted) known.set(line, flags.record)
  if (flags.prune) for (const line of passing) known.delete(line)
  if (flags.record !== undefined || flags.prune) writeExpected(area, known)
  const wrong = (flags.record === undefined ? unlisted.length : 0) + (flags.prune ? 0 : passing.length)
  if (wrong > 0) red = true
  // Subtests of one name are one line in the lists, but each counts.
  const failures = results.reduce((sum, result) => sum + result.failures.length, 0)
  const apart = [...failed.keys()].filter((line) => /^(?:server|browser|other):/.test(listed(line) ?? '')).length
  totals.push({ area, files: results.length, total, passed: total - failures, apart, wrong })
}

function printTotals() {
  const row = (name, ...columns) => [name.padEnd(17), ...columns.map((text) => String(text).padStart(9))].join(' ')
  const share = (passed, total) => ((100 * passed) / Math.max(total, 1)).toFixed(1)
  // "apart" need a browser or the test server, or are about what is not claimed; the last share is of the rest.
  console.log(row('area', 'files', 'passed', 'subtests', '%', 'apart', '% of rest', 'wrong'))
  for (const { area, files, passed, total, apart, wrong } of totals) {
    console.log(row(area, files, passed, total, share(passed, total), apart, share(passed, total - apart), wrong))
  }
  console.log(`left out as a whole: ${excluded.length} names, see areas.js`)
}
