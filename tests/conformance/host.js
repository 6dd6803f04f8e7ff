// An isolet process for the tests, with limits wide enough for the longest of them, and one-off runs through its public API.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Milliseconds that the first start may take, which compiles the engine. */
const START_MS = 180_000
const MAX_MEMORY_BYTES = 256 * 2 ** 20
const MAX_WALL_MS = 120_000
const settings = {
  ISOLET_LIMITS__CPU_MS: String(MAX_WALL_MS),
  ISOLET_LIMITS__WALL_MS: String(MAX_WALL_MS),
  ISOLET_LIMITS__MEMORY_MIB: String(MAX_MEMORY_BYTES / 2 ** 20),
  ISOLET_LIMITS__RESPONSE_BODY_MIB: '64',
  ISOLET_LIMITS__LOG_KIB: '1024',
  ISOLET_LIMITS__BUILD_CPU_MS: '30000',
  ISOLET_LIMITS__STARTUP_CPU_MS: '1000',
  ISOLET_ADMISSION__RATE_PER_SECOND: '100000',
}

/** Starts the binary; its data folder is made anew and goes with the process. */
export async function startHost(binary) {
  const data = mkdtempSync(join(tmpdir(), 'isolet-conformance-'))
  const args = ['up', '--json', '--data', data, '--api', '127.0.0.1:0', '--ingress', '127.0.0.1:0']
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...settings } })
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
  const port = Number(new URL(said.control_plane).port)
  const key = readFileSync(said.admin_key_file, 'utf8').trim()
  return { run: (modules, options) => run(port, key, modules, options) }
}

/** The result of one run of `main.js`, or `{ outcome, error }` when the API refused it. */
async function run(port, key, modules, { path = '/', wallMs = MAX_WALL_MS } = {}) {
  const limits = { cpu_ms: Math.min(wallMs, MAX_WALL_MS), wall_ms: wallMs, memory_bytes: MAX_MEMORY_BYTES }
  const code = { modules, main_module: 'main.js' }
  // Tests are evaluated, as scripts are.
  const options = { allow_eval: true }
  const body = JSON.stringify({ code, options, request: { method: 'GET', path, headers: [] }, limits, record: false })
  const { status, text } = await post(port, key, '/v1/tenants/demo/runs', body)
  const said = JSON.parse(text)
  if (status < 300) return said
  return { outcome: said.code ?? `status ${status}`, error: { message: said.detail ?? text.slice(0, 300), errors: said.errors } }
}

function post(port, key, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', path, headers, agent: false }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }))
    })
    request.on('error', reject)
    request.end(body)
  })
}
