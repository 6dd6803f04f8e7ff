// The measuring half of tests/bench/run: starts each server pinned to one core, in turn and repeatedly, checks every answer, and
// prints medians and spreads. What is measured is over HTTP, with keep-alive, from this one process on the other core.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const isolet = process.argv[process.argv.indexOf('--isolet') + 1]
const short = process.argv.includes('--short')
const ROUNDS = short ? 3 : 5
const SECONDS = short ? 2 : 4
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const hello = (tag) => `const tag = ${JSON.stringify(tag)}; export default { fetch(r) { return new Response('hello ' + new URL(r.url).searchParams.get('q')) } }`

function send(port, { method = 'GET', path = '/?q=1', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', method, path, headers, agent }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

const check = (reply, wanted) => {
  if (reply.status !== 200 || !reply.text.includes(wanted)) throw new Error(`wrong answer: ${reply.status} ${reply.text.slice(0, 300)}`)
}

function start(command, args, options) {
  const child = spawn('taskset', ['-c', '0', command, ...args], { stdio: ['ignore', 'pipe', 'inherit'], ...options })
  return child
}

async function until(ready, began = performance.now()) {
  for (;;) {
    try { return await ready() } catch (error) { if (performance.now() - began > 30_000) throw error }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

const peers = {
  async isolet() {
    const data = mkdtempSync(join(tmpdir(), 'isolet-bench-'))
    const env = { ...process.env, ISOLET_ADMISSION__RATE_PER_SECOND: '10000000', ISOLET_ADMISSION__QUEUE: '10000', ISOLET_ADMISSION__CONCURRENCY: '256' }
    const args = ['up', '--data', data, '--api', '127.0.0.1:9701', '--ingress', '127.0.0.1:9702', '--json']
    const first = start(isolet, args, { env })
    await until(async () => check(await send(9702, { headers: { host: 'hello--demo.localhost' } }), '1'))
    first.kill('SIGTERM')
    await new Promise((resolve) => first.on('exit', resolve))
    const began = performance.now()
    const child = start(isolet, args, { env })
    await until(async () => check(await send(9702, { headers: { host: 'hello--demo.localhost' } }), '1'))
    const startMs = performance.now() - began
    const key = readFileSync(join(data, 'admin.key'), 'utf8').trim()
    const api = (path, body) => send(9701, { method: body ? 'POST' : 'GET', path, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } })
    const modules = (text) => ({ modules: { 'main.js': text }, main_module: 'main.js' })
    let serial = 0
    return {
      pid: child.pid, startMs,
      cold: async () => check(await api('/v1/tenants/demo/runs', { code: modules(hello(`c${serial++}`)), prompt: '1', record: false }), 'hello 1'),
      fresh: async () => check(await send(9702, { headers: { host: 'hello--demo.localhost' } }), '1'),
      load: async () => check(await api('/v1/tenants/demo/runs', { code: modules(hello(`m${serial++}`)), prompt: '1', record: false }), 'hello 1'),
      stop: async () => { child.kill('SIGTERM'); await new Promise((resolve) => child.on('exit', resolve)); rmSync(data, { recursive: true }) },
    }
  },
  async workerd() {
    const began = performance.now()
    const child = start(join(process.cwd(), 'node_modules/.bin/workerd'), ['serve', '--experimental', 'workerd.capnp'])
    let serial = 0
    const post = async (name) => check(await send(9801, { method: 'POST', headers: { 'x-code': name, 'x-id': name }, body: hello(name) }), 'hello 1')
    await until(() => post('first'))
    const startMs = performance.now() - began
    return {
      pid: child.pid, startMs,
      cold: () => post(`c${serial++}`),
      fresh: async () => check(await send(9801, { headers: { 'x-code': 'first', 'x-id': `f${serial++}` } }), 'hello 1'),
      reused: async () => check(await send(9801, { headers: { 'x-code': 'first', 'x-id': 'first' } }), 'hello 1'),
      load: () => post(`m${serial++}`),
      stop: async () => { child.kill('SIGKILL'); await new Promise((resolve) => child.on('exit', resolve)) },
    }
  },
}

async function sequential(one, count) {
  const times = []
  for (let index = 0; index < count; index++) {
    const began = performance.now()
    await one()
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  return { p50: times[count >> 1], p99: times[Math.floor(count * 0.99)] }
}

async function throughput(one, lanes, seconds) {
  const end = performance.now() + seconds * 1000
  const began = performance.now()
  let done = 0
  await Promise.all(Array.from({ length: lanes }, async () => { while (performance.now() < end) { await one(); done++ } }))
  return done / ((performance.now() - began) / 1000)
}

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])

const found = { isolet: {}, workerd: {} }
const note = (peer, name, value) => (found[peer][name] ??= []).push(value)
for (let round = 0; round < ROUNDS; round++) {
  for (const peer of round % 2 ? ['workerd', 'isolet'] : ['isolet', 'workerd']) {
    const server = await peers[peer]()
    note(peer, 'start to first answer, ms', server.startMs)
    const cold = await sequential(server.cold, short ? 60 : 150)
    note(peer, 'never-seen code, p50 ms', cold.p50)
    note(peer, 'never-seen code, p99 ms', cold.p99)
    note(peer, 'never-seen code at 16, per s', await throughput(server.cold, 16, SECONDS / 2))
    // Every loaded isolate stays with workerd: fewer of them, so that it does not run out of memory.
    const fresh = peer === 'workerd' ? SECONDS / 4 : SECONDS
    for (const lanes of [1, 16, 64]) note(peer, `fresh instance at ${lanes}, per s`, await throughput(server.fresh, lanes, fresh))
    if (server.reused) note(peer, 'reused isolate at 16, per s', await throughput(server.reused, 16, SECONDS))
    await server.stop()
  }
}
for (const peer of ['isolet', 'workerd']) {
  const server = await peers[peer]()
  const [from, to] = short ? [50, 300] : [100, 1000]
  for (let index = 0; index < from; index++) await server.load()
  const before = rss(server.pid)
  for (let index = from; index < to; index++) await server.load()
  note(peer, 'memory per further function, KiB', (rss(server.pid) - before) / (to - from))
  await server.stop()
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]
const show = (values) => values ? `${median(values).toPrecision(3)} (${Math.min(...values).toPrecision(3)}–${Math.max(...values).toPrecision(3)})` : '–'
console.log('| measure: median (spread) | isolet | workerd | isolet / workerd |\n| --- | --- | --- | --- |')
for (const name of Object.keys(found.workerd)) {
  const [ours, theirs] = [found.isolet[name], found.workerd[name]]
  console.log(`| ${name} | ${show(ours)} | ${show(theirs)} | ${ours ? (median(ours) / median(theirs)).toPrecision(3) : '–'} |`)
}
const ratio = median(found.isolet['fresh instance at 16, per s']) / median(found.workerd['reused isolate at 16, per s'])
console.log(`\nfresh instance of isolet / reused isolate of workerd, at 16: ${ratio.toPrecision(3)}`)
process.exit(0)
