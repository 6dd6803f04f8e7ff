// Servers as processes: pinned to one core, stopped for certain, their memory and idleness looked up. What they serve is in isolet.js
// and workerd.js.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { createInterface } from 'node:readline'

/** Milliseconds that a server may take to start; isolet's first start compiles its engine. */
const START_MS = 180_000
const running = new Set()

process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) process.on(signal, () => process.exit(code))

/** Starts a command on core 0 and waits for its first line on the given channel, which must be JSON. */
export async function start(command, args, { channel = 1, env } = {}) {
  const stdio = ['ignore', channel === 1 ? 'pipe' : 'ignore', 'inherit', channel === 3 ? 'pipe' : 'ignore']
  const child = spawn('taskset', ['-c', '0', command, ...args], { stdio, env: { ...process.env, ...env } })
  running.add(child)
  child.on('exit', () => running.delete(child))
  const line = new Promise((resolve, reject) => {
    createInterface({ input: child.stdio[channel] }).once('line', resolve)
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`${command} ended at its start: ${signal ?? `exit code ${code}`}`)))
    setTimeout(() => reject(new Error(`${command} did not start`)), START_MS).unref()
  })
  return { child, said: JSON.parse(await line) }
}

export function stop(child, signal) {
  return new Promise((resolve) => {
    if (!running.has(child)) return resolve()
    child.on('exit', resolve)
    child.kill(signal)
  })
}

export const memoryKiB = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])

const cpuTicks = ({ pid }) => {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ').slice(11, 13)
  return Number(user) + Number(system)
}

/** Waits until a server has ended what the measure before left in flight, or three seconds. */
export async function idle(child) {
  for (let step = 0, before = -1; step < 60 && cpuTicks(child) !== before; step++) {
    before = cpuTicks(child)
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
}

/** One request outside any measure; anything but success is an error. */
export function ask(port, { method = 'GET', path = '/', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode < 300) resolve(text)
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 600)}`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
