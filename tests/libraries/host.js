// An isolet process for the cases: one-off runs through its public API, `isolet deploy`, and the ingress.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Milliseconds that a first start may take, which compiles the engine. */
const START_MS = 180_000
/** Room for several RSA keys in a run: how long two primes take to find is luck, a second and a half for one key in forty. */
const CPU_MS = '20000'
const WALL_MS = '60000'
/** As much as a host may give: what is compared are answers, and a slow machine needs over the usual 400 for the largest. */
const STARTUP_MS = '1000'

/** Starts the binary with a data folder of its own, which goes with this process. */
export async function startHost(binary) {
  const data = mkdtempSync(join(tmpdir(), 'isolet-libraries-'))
  const args = ['up', '--json', '--data', data, '--api', '127.0.0.1:0', '--ingress', '127.0.0.1:0']
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ISOLET_LIMITS__CPU_MS: CPU_MS, ISOLET_LIMITS__STARTUP_CPU_MS: STARTUP_MS, ISOLET_LIMITS__WALL_MS: WALL_MS } })
  process.on('exit', () => {
    child.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  })
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`${binary} ended at its start: ${signal ?? `exit code ${code}`}`)))
    setTimeout(() => reject(new Error(`${binary} did not start`)), START_MS).unref()
  })
  const said = JSON.parse(line)
  const key = readFileSync(said.admin_key_file, 'utf8').trim()
  const run = async (asked) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const response = await fetch(`${said.control_plane}/v1/tenants/demo/runs`, { method: 'POST', headers, body: JSON.stringify({ record: false, ...asked }) })
    const answer = await response.json()
    return response.ok ? { result: answer } : { refused: answer }
  }
  const deploy = (folder, name) => {
    const args = ['deploy', folder, '--name', name, '--url', said.control_plane, '--key-file', said.admin_key_file, '--json']
    return JSON.parse(execFileSync(binary, args, { encoding: 'utf8' }))
  }
  const ask = (name, path) => {
    const { port } = new URL(said.ingress)
    return new Promise((resolve, reject) => {
      const asked = http.get({ port, path, headers: { host: `${name}--demo.localhost` } }, async (response) => {
        let body = ''
        for await (const chunk of response.setEncoding('utf8')) body += chunk
        resolve({ status: response.statusCode, body })
      })
      asked.on('error', reject)
    })
  }
  return { run, deploy, ask }
}
