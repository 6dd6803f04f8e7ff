// DEVELOPMENT ONLY. A stand-in for `isolet up`: just enough of the REST contract to develop the console and to take its
// pictures without a Rust toolchain. It runs the code in a plain node worker (`fake-guest.mjs`), which is NO sandbox: never
// expose it, never run code in it that you have not read. Real behaviour is defined by the server and its tests.
//
//   node dev/fake-api.mjs [--port 8787] [--empty] [--bound]
//
// `--empty`: no tenant and no history. `--bound`: the session belongs to one tenant. Serves `dist/` with the server's CSP.
// Sign in with the link it prints (good any number of times), or with any key that begins with `isl_`.
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runGuest } from './fake-runs.mjs'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain' }
const LIMITS = {
  defaults: { cpu_ms: 50, wall_ms: 10_000, memory_bytes: 64 * 1024 * 1024 },
  maxima: { cpu_ms: 300_000, wall_ms: 900_000, memory_bytes: 256 * 1024 * 1024 },
}

const contentSecurityPolicy = (nonce) =>
  `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; connect-src 'self'; img-src 'self' data:; font-src 'self'; ` +
  `base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'`

const sendJson = (response, status, body) => {
  const problem = status >= 400
  response.writeHead(status, { 'content-type': problem ? 'application/problem+json' : 'application/json' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

const problem = (response, status, code, detail, more = {}) =>
  sendJson(response, status, { type: `/problems/${code}`, title: code.replaceAll('_', ' '), status, detail, code, request_id: `req_${randomUUID()}`, ...more })

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function serveAsset(path, response) {
  const file = path === '/' ? '/index.html' : path
  try {
    let content = readFileSync(join(DIST, file))
    const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }
    if (file === '/index.html') {
      const nonce = randomBytes(16).toString('base64')
      content = content.toString('utf8').replaceAll('__CSP_NONCE__', nonce)
      headers['content-security-policy'] = contentSecurityPolicy(nonce)
    }
    response.writeHead(200, headers).end(content)
  } catch {
    problem(response, 404, 'not_found', 'no such file')
  }
}

const sessionOf = (tenant) => ({
  token: `ses_${randomBytes(12).toString('hex')}`,
  expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  tenant,
  scopes: ['run', 'runs:read', 'runs:write'],
})
const asPrompt = (run) => ({
  id: run.id, prompt: run.prompt ?? '', created_at: run.created_at, starred: run.starred, outcome: run.outcome,
  status: run.response?.status ?? null, total_ms: run.timing.total_ms, version: run.version,
})

export function startFakeApi({ port = 0, empty = false, bound = false } = {}) {
  const tenants = empty ? [] : ['demo', 'acme', 'globex']
  /** tenant → runs, newest first. */
  const runs = new Map()
  const runsOf = (tenant) => runs.get(tenant) ?? runs.set(tenant, []).get(tenant)
  async function tenantRoute(request, response, tenant, rest) {
    const list = runsOf(tenant)
    const { method } = request
    if (rest === '/runs' && method === 'POST') {
      const body = await bodyOf(request)
      const length = body.prompt === undefined ? 1 : [...body.prompt].length
      if (length < 1 || length > 16_384) {
        return problem(response, 422, 'invalid_request', 'the prompt must have 1 to 16384 characters', {
          errors: [{ pointer: '/prompt', code: 'length', detail: `must have 1 to 16384 characters, has ${length}` }],
        })
      }
      return runGuest({ body, request, response, limits: { ...LIMITS.defaults, ...body.limits }, problem, record: (run) => list.unshift(run) })
    }
    if (rest === '/prompts' && method === 'GET') return sendJson(response, 200, { data: list.slice(0, 20).map(asPrompt), next_cursor: null })
    if (rest === '/prompts' && method === 'DELETE') {
      runs.set(tenant, list.filter((run) => run.starred))
      return sendJson(response, 204)
    }
    const [, id, tail] = /^\/(?:runs|prompts)\/([^/]+)(\/star)?$/.exec(rest) ?? []
    const found = list.find((run) => run.id === id)
    if (!found) return problem(response, 404, 'not_found', 'there is no such run')
    if (tail && method === 'PUT') {
      found.starred = (await bodyOf(request)).starred
      return sendJson(response, 200, asPrompt(found))
    }
    if (method === 'DELETE') {
      list.splice(list.indexOf(found), 1)
      return sendJson(response, 204)
    }
    return sendJson(response, 200, found)
  }

  async function route(request, response) {
    const { pathname } = new URL(request.url, 'http://console')
    if (pathname === '/healthz') return sendJson(response, 200, { status: 'ok' })
    if (!pathname.startsWith('/v1/')) return serveAsset(pathname, response)
    if (pathname === '/v1/sessions') {
      const { link, key } = await bodyOf(request)
      if (link === 'dev-link' || key?.startsWith('isl_')) return sendJson(response, 201, sessionOf(bound ? 'demo' : null))
      return problem(response, 401, 'unauthorized', 'the link or key is not valid')
    }
    if (!request.headers.authorization?.startsWith('Bearer ses_')) return problem(response, 401, 'unauthorized', 'a bearer token is needed')
    if (pathname === '/v1/info') {
      return sendJson(response, 200, { version: '0.1.0', engine: { wasmtime: '48.0.8', digest: 'b3:fake' }, limits: LIMITS, mode: 'development', store: 'embedded' })
    }
    if (pathname === '/v1/whoami') return sendJson(response, 200, { tenant: bound ? 'demo' : null, scopes: [], preset: 'admin' })
    if (pathname === '/v1/tenants' && request.method === 'POST') {
      const { slug } = await bodyOf(request)
      tenants.push(slug)
      return sendJson(response, 201, { id: 'ten_fake', slug, status: 'active' })
    }
    if (pathname === '/v1/tenants') {
      return sendJson(response, 200, { data: tenants.map((slug) => ({ id: `ten_${slug}`, slug, status: 'active' })), next_cursor: null })
    }
    if (pathname === '/v1/check') return sendJson(response, 200, { ok: true, diagnostics: [] })
    const [, tenant, rest] = /^\/v1\/tenants\/([^/]+)(\/.*)?$/.exec(pathname) ?? []
    if (!tenants.includes(tenant)) return problem(response, 404, 'not_found', 'there is no such tenant')
    return tenantRoute(request, response, tenant, rest ?? '')
  }

  const server = createServer((request, response) => {
    route(request, response).catch((error) => {
      console.error(error)
      if (!response.headersSent) problem(response, 500, 'internal', String(error))
      else response.destroy()
    })
  })
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ server, runs, origin: `http://127.0.0.1:${server.address().port}` }))
  })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const port = process.argv.includes('--port') ? Number(process.argv[process.argv.indexOf('--port') + 1]) : 8787
  const { origin } = await startFakeApi({ port, empty: process.argv.includes('--empty'), bound: process.argv.includes('--bound') })
  console.log(`FAKE isolet, development only: ${origin}/#t=dev-link`)
}
