// isolet as a peer: never-seen code is a run of its own, known code a deployed function called through the ingress. A data folder
// outlives a process, so that later starts find the engine compiled.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { message } from '../load/drive.js'
import { TAG } from '../workloads/index.js'
import { ask, start, stop } from './process.js'

const KNOWN = 'known-code-'
/** One tenant gives all the load, and fib(25) takes more than the 50 ms of CPU that are the default. */
const settings = {
  ISOLET_ADMISSION__RATE_PER_SECOND: '10000000', ISOLET_ADMISSION__QUEUE: '10000', ISOLET_ADMISSION__QUEUE_WAIT_MS: '60000',
  ISOLET_ADMISSION__CONCURRENCY: '256', ISOLET_LIMITS__CPU_MS: '5000',
}

export function isolet(binary) {
  let data
  const discard = () => { if (data) rmSync(data, { recursive: true, force: true }) }
  process.on('exit', discard)
  const startHere = async () => {
    const began = performance.now()
    const args = ['up', '--data', data, '--api', '127.0.0.1:0', '--ingress', '127.0.0.1:0', '--json']
    const { child, said } = await start(binary, args, { env: settings })
    const [api, ingress] = [said.control_plane, said.ingress].map((url) => Number(new URL(url).port))
    await ask(ingress, { path: '/?q=1', headers: { host: 'hello--demo.localhost' } })
    const startMs = performance.now() - began
    const bearer = { authorization: `Bearer ${readFileSync(said.admin_key_file, 'utf8').trim()}`, 'content-type': 'application/json' }
    return { child, startMs, stop: () => stop(child, 'SIGTERM'), ...serving(api, ingress, bearer) }
  }
  return {
    version: execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim(),
    keepsIsolates: false,
    /** In a data folder of its own, which later starts then find. */
    async firstStart() {
      discard()
      data = mkdtempSync(join(tmpdir(), 'isolet-bench-data-'))
      const server = await startHere()
      await frontEnd(join(data, 'engine'))
      return server
    },
    start: startHere,
  }
}

/** Waits until the front end is compiled, which a first start does in the background: no measure shall share its core with that. */
async function frontEnd(folder) {
  const isThere = () => readdirSync(folder).some((name) => name.startsWith('front-end-') && name.endsWith('.bin'))
  for (let waited = 0; waited < 60_000 && !isThere(); waited += 100) await setTimeout(100)
}

const escaped = (text) => JSON.stringify(text).slice(1, -1)
const modules = (text) => ({ modules: { 'main.js': text }, main_module: 'main.js' })
const inTurn = (text) => text.replaceAll(TAG, KNOWN)

function serving(api, ingress, bearer) {
  return {
    neverSeen: ({ source, requests, answers }) => ({
      port: api,
      requests: requests.map(({ method, path, body, type }) => {
        const request = { method, path, headers: type ? [['content-type', type]] : [], body: body && { text: body } }
        const run = JSON.stringify({ code: modules(source), request, record: false })
        return message('POST', '/v1/tenants/demo/runs', { host: `127.0.0.1:${api}`, ...bearer }, run)
      }),
      answers: answers.map(escaped),
      wrapped: { before: '"body":{"text":"', after: '"},"truncated":false', marks: ['"outcome":"ok"', '"response":{"status":200,'] },
    }),
    /** Deploys the workload and gives the requests that call it. */
    async known({ name, source, requests, answers }) {
      const functions = `/v1/tenants/demo/functions/bench-${name}`
      await ask(api, { method: 'PUT', path: functions, headers: bearer, body: '{}' })
      await ask(api, { method: 'POST', path: `${functions}/deploy`, headers: bearer, body: JSON.stringify(modules(inTurn(source))) })
      const host = `bench-${name}--demo.localhost`
      const fresh = {
        port: ingress,
        requests: requests.map(({ method, path, body, type }) =>
          message(method, path, { host, ...type && { 'content-type': type } }, body)),
        answers: answers.map(inTurn),
      }
      return { fresh }
    },
  }
}
