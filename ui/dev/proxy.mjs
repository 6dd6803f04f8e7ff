// DEVELOPMENT ONLY. Serves `dist/` as the host does, with its headers, in front of a running host's API: the console as it will be
// embedded, without compiling the host anew.
//
//   node dev/proxy.mjs --upstream http://127.0.0.1:8787 [--port 8790]
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, request as ask } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { option } from './actions.mjs'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain' }
const upstream = new URL(option('--upstream') ?? 'http://127.0.0.1:8787')

/** The policy of the host's own page, with another nonce. */
const policy = (await fetch(upstream)).headers.get('content-security-policy')
const contentSecurityPolicy = (nonce) => policy.replace(/'nonce-[^']*'/, `'nonce-${nonce}'`)

function serveFile(path, response) {
  const file = extname(path) === '' ? '/index.html' : normalize(path)
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
    response.writeHead(404).end()
  }
}

/** Paths that are the host's own; all others are the console's. */
const OF_THE_HOST = /^\/(v1|problems|metrics|healthz|readyz)(\/|$|\?)/

const server = createServer((request, response) => {
  if (!OF_THE_HOST.test(request.url)) return serveFile(new URL(request.url, upstream).pathname, response)
  const passed = ask(new URL(request.url, upstream), { method: request.method, headers: { ...request.headers, host: upstream.host } }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  })
  passed.on('error', () => response.destroy())
  response.on('close', () => passed.destroy())
  request.pipe(passed)
})
server.listen(Number(option('--port') ?? 8790), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/ in front of ${upstream.origin}`))
