// Another measuring half of tests/bench/run: what the engine's built-ins take beside V8's, in the same run. Code cannot time itself in
// either server, so a request with many turns is compared with one that has none. workerd's isolate is the reused one, its code warm.
//
//   node built-ins.js --isolet BINARY --workerd BINARY [--out FILE]
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'

import { drive } from './load/drive.js'
import { isolet } from './peers/isolet.js'
import { workerd } from './peers/workerd.js'
import { builtIns, workload } from './workloads/built-ins.js'
import { load } from './workloads/index.js'

const string = { type: 'string' }
const { values: options } = parseArgs({ options: { isolet: string, workerd: string, out: string, 'built-ins': { type: 'boolean' } } })
const ROUNDS = 3
const REQUESTS = 15

const peers = { isolet: isolet(options.isolet), workerd: workerd(options.workerd, await load('hello'), { unnamed: false }) }
const found = builtIns.map(() => ({ isolet: [], workerd: [] }))
await peers.isolet.firstStart().then((server) => server.stop())
for (let round = 0; round < ROUNDS; round++) {
  for (const name of round % 2 ? ['workerd', 'isolet'] : ['isolet', 'workerd']) {
    process.stderr.write(`round ${round + 1} of ${ROUNDS}, ${name}\n`)
    const server = await peers[name].start()
    for (const [at, builtIn] of builtIns.entries()) found[at][name].push(await turn(server, builtIn))
    await server.stop()
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const figure = (value) => value.toPrecision(3)
const lines = builtIns.map(({ name, goal, limit }, at) => {
  const { isolet: ours, workerd: theirs } = found[at]
  const ratio = median(ours.map((value, round) => value / theirs[round]))
  return `| ${name} | ${figure(median(ours))} | ${figure(median(theirs))} | ${ratio.toFixed(1)} (aim: ${goal}) | ${limit} |`
})
const text = [
  `${peers.isolet.version}; ${peers.workerd.version}; ${cpus()[0].model}; medians of ${ROUNDS} rounds`, '',
  '| one turn, ms | isolet | workerd | isolet / workerd | what limits isolet |', '| --- | --- | --- | --- | --- |', ...lines,
].join('\n')
console.log(text)
if (options.out) writeFileSync(options.out, `${text}\n`)
process.exit(0)

/** Milliseconds of one turn. */
async function turn(server, builtIn) {
  const time = async (turns) => {
    const known = await server.known(workload(builtIn, turns))
    const target = known.reused ?? known.fresh
    const { p50_ms: found } = await drive(target, { connections: 1, seconds: 60, count: REQUESTS, warmUp: 0.3 })
    return found
  }
  return (await time(builtIn.turns) - await time(0)) / builtIn.turns
}
