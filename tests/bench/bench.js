// The measuring half of tests/bench/run: starts isolet and workerd in turn, has wrk put load on them, and prints what came of it. What
// runs is in workloads/, how each server is spoken to in peers/, how load is made and answers are checked in load/.
//
//   node bench.js --isolet BINARY --workerd BINARY [--short] [--only WORKLOAD] [--skip-memory] [--unnamed] [--out FILE]
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'

import { drive } from './load/drive.js'
import { isolet } from './peers/isolet.js'
import { idle, memoryKiB } from './peers/process.js'
import { workerd } from './peers/workerd.js'
import { report } from './report.js'
import { load, names } from './workloads/index.js'

process.on('uncaughtException', (error) => {
  console.error(`tests/bench: ${error.message.trim()}`)
  process.exit(1)
})

const string = { type: 'string' }
const flag = { type: 'boolean', default: false }
const { values: options } = parseArgs({
  options: { isolet: string, workerd: string, out: string, only: string, short: flag, 'skip-memory': flag, unnamed: flag },
})
if (options.only && !names.includes(options.only)) throw new Error(`--only takes one of ${names.join(', ')}`)

const thorough = {
  rounds: 5, budget: Infinity, firstStarts: 3, seconds: 3, sequential: { count: 300, seconds: 15 }, warmUp: 0.5, functions: [100, 1000],
}
const quick = {
  rounds: 3, budget: 330, firstStarts: 1, seconds: 0.6, sequential: { count: 100, seconds: 1.5 }, warmUp: 0.1, functions: [50, 300],
}
const { rounds, budget, firstStarts, seconds, sequential, warmUp, functions } = options.short ? quick : thorough
/** A server that holds more than this is started anew before the next measure: workerd keeps every isolate that has a name. */
const MEMORY_KIB = 1.5 * 1024 * 1024
/** Most isolates that workerd may be asked for in one measure, about 2 MiB each. */
const ISOLATES = 1000

const began = performance.now()
const elapsed = () => (performance.now() - began) / 1000
const say = (text) => process.stderr.write(`[${elapsed().toFixed(0)} s] ${text}\n`)
const empty = () => ({ isolet: {}, workerd: {} })
/** In each round the other peer goes first. */
const inTurn = (round) => (round % 2 ? ['workerd', 'isolet'] : ['isolet', 'workerd'])
const note = (measures, name, value) => { (measures[name] ??= []).push(value) }

/** All measures of one workload on one server, which is started for it. */
async function measure(peer, workload, measures, general) {
  let server
  const ready = async () => {
    if (server && memoryKiB(server.child) < MEMORY_KIB) return idle(server.child)
    if (server) say(`starting anew at ${Math.round(memoryKiB(server.child) / 1024)} MiB`)
    await server?.stop()
    server = await peer.start()
    note(general, 'start', server.startMs)
  }
  const run = async (target, name, connections, plan) => {
    const found = await drive(target, { connections, ...plan })
    if (plan.tail) note(measures, `${name} p99`, found.p99_ms)
    note(measures, plan.tail ? `${name} p50` : `${name} p50 ${connections}`, found.p50_ms)
    note(measures, `${name} rate ${connections}`, found.per_s)
  }
  await ready()
  await run(server.neverSeen(workload), 'never-seen', 1, { ...sequential, tail: true })
  await ready()
  await run(server.neverSeen(workload), 'never-seen', 16, { seconds, count: ISOLATES })
  for (const kind of ['fresh', 'reused']) {
    for (const connections of [1, 16, 64]) {
      await ready()
      const target = (await server.known(workload))[kind]
      if (!target) continue
      const count = kind === 'fresh' && peer.keepsIsolates ? ISOLATES : undefined
      await run(target, kind, connections, { seconds, warmUp, count })
    }
  }
  await server.stop()
}

/** KiB by which a process grows with each further function, beyond the first ones. */
async function memory(peer, workload, general) {
  const server = await peer.start()
  const [from, to] = functions
  const grow = async (count) => {
    await drive(server.neverSeen(workload), { connections: 1, seconds: 600, count })
    await idle(server.child)
    return memoryKiB(server.child)
  }
  const before = await grow(from)
  note(general, 'memory', (await grow(to - from) - before) / (to - from))
  await server.stop()
}

const workloads = await Promise.all((options.only ? [options.only] : names).map(load))
const hello = await load('hello')
const peers = { isolet: isolet(options.isolet), workerd: workerd(options.workerd, hello, { unnamed: options.unnamed }) }
const general = empty()
const found = Object.fromEntries(workloads.map(({ name }) => [name, empty()]))

for (let n = 0; n < firstStarts; n++) {
  say('isolet: first start ever')
  const server = await peers.isolet.firstStart()
  note(general.isolet, 'first start', server.startMs)
  await server.stop()
}
for (const [at, workload] of workloads.entries()) {
  // On a busy machine a workload gives up rounds, so that all of them together keep within the budget of seconds.
  const end = (budget / workloads.length) * (at + 1)
  for (let round = 0, last = 0; round < rounds && (round === 0 || elapsed() + last < end); round++) {
    const roundBegan = elapsed()
    for (const peer of inTurn(round)) {
      say(`${workload.name}: round ${round + 1} of ${rounds}, ${peer}`)
      await measure(peers[peer], workload, found[workload.name][peer], general[peer])
    }
    last = elapsed() - roundBegan
  }
}
if (!options['skip-memory']) {
  for (const peer of inTurn(0)) {
    say(`memory of ${functions[1]} functions: ${peer}`)
    await memory(peers[peer], hello, general[peer])
  }
}

const text = report({
  about: [
    `${peers.isolet.version}; ${peers.workerd.version}, fresh isolates by ${options.unnamed ? 'load()' : 'get() with a new name each'}`,
    `${cpus()[0].model}, ${cpus().length} cores: the server on one, the load on another`,
    `${options.short ? 'short: ' : ''}at most ${rounds} rounds`,
  ],
  workloads, found, general,
})
console.log(text)
if (options.out) writeFileSync(options.out, `${text}\n`)
