// workerd as a peer: loader.js in it loads code, each time into an isolate of its own or again and again into the same one. By default
// a fresh isolate is asked for by get() with a new name, and stays in memory; with `unnamed` by load(), which lets go of it.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message } from '../load/drive.js'
import { TAG } from '../workloads/index.js'
import { ask, start, stop } from './process.js'

const KNOWN = 'known-code-'
const file = (name) => new URL(name, import.meta.url)
const inTurn = (text) => text.replaceAll(TAG, KNOWN)

export function workerd(binary, hello, { unnamed }) {
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim()
  // A build knows compatibility dates up to its own, which is its version.
  const date = [/\d{4}-\d\d-\d\d/.exec(version)[0], new Date().toISOString().slice(0, 10)].sort()[0]
  return {
    version: `${version}, compatibility date ${date}`,
    keepsIsolates: !unnamed,
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'isolet-bench-workerd-'))
      const config = join(folder, 'workerd.capnp')
      writeFileSync(config, readFileSync(file('workerd.capnp'), 'utf8').replaceAll('@DATE@', date))
      copyFileSync(file('loader.js'), join(folder, 'loader.js'))
      const began = performance.now()
      const { child, said } = await start(binary, ['serve', '--experimental', '--control-fd=3', config], { channel: 3 })
      await ask(said.port, { method: 'POST', path: '/?q=1', headers: { 'x-code-bytes': hello.source.length }, body: hello.source })
      const startMs = performance.now() - began
      rmSync(folder, { recursive: true })
      return { child, startMs, stop: () => stop(child, 'SIGKILL'), ...serving(said.port, unnamed) }
    },
  }
}

function serving(port, unnamed) {
  const fresh = unnamed ? {} : { 'x-id': TAG }
  const host = { host: `127.0.0.1:${port}` }
  return {
    neverSeen: ({ source, requests, answers }) => ({
      port, answers,
      requests: requests.map(({ path, body = '' }) =>
        message('POST', path, { ...host, ...fresh, 'x-code-bytes': source.length }, source + body)),
    }),
    /** Leaves the workload's code with the loader and gives the requests that run it. */
    async known({ name, source, requests, answers }) {
      const code = inTurn(source)
      await ask(port, { method: 'POST', headers: { 'x-keep': name, 'x-code-bytes': code.length }, body: code })
      const calls = (id) => requests.map(({ method, path, body, type }) =>
        message(method, path, { ...host, 'x-code': name, ...id, ...type && { 'content-type': type } }, body))
      const target = { port, answers: answers.map(inTurn) }
      return { fresh: { ...target, requests: calls(fresh) }, reused: { ...target, requests: calls({ 'x-id': `reused ${name}` }) } }
    },
  }
}
