// One isolet process for all tests, ended with them, and a server that stands for the rest of the world.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createClient } from 'isolet-client'

/** Milliseconds that a first start may take, which compiles the engine. */
const START_MS = 180_000

const data = mkdtempSync(join(tmpdir(), 'isolet-client-'))
const child = spawn(process.env.ISOLET_BIN, ['up', '--json', '--data', data, '--api', '127.0.0.1:0', '--ingress', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] })
process.on('exit', () => {
  child.kill('SIGKILL')
  rmSync(data, { recursive: true, force: true })
})
const line = await new Promise((resolve, reject) => {
  createInterface({ input: child.stdout }).once('line', resolve)
  child.on('error', reject)
  child.on('exit', (code, signal) => reject(new Error(`the host ended at its start: ${signal ?? `exit code ${code}`}`)))
  setTimeout(() => reject(new Error('the host did not start')), START_MS).unref()
})
const said = JSON.parse(line)
// It is not what the tests' process has to wait for.
child.unref()
child.stdout.unref()

export const url = said.control_plane
export const adminKey = readFileSync(said.admin_key_file, 'utf8').trim()
export const admin = createClient({ url, key: adminKey })

let tenants = 0
/** A tenant of its own, with a key of the preset `tenant`. */
export async function newTenant() {
  const { slug } = await admin.tenants.create({ slug: `t-${++tenants}` })
  const { key } = await admin.tenant(slug).keys.create({ preset: 'tenant', name: 'tests' })
  return { slug, key, of: createClient({ url, key }).tenant() }
}

export const code = (text, more) => ({ modules: { 'main.js': text }, main_module: 'main.js', ...more })

/** A server on loopback that answers by `handler`; ended when the test ends. */
export async function serve(test, handler) {
  const server = http.createServer(handler)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: server.address().port, url: `http://127.0.0.1:${server.address().port}` }
}
