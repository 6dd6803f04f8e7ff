// DEVELOPMENT ONLY. The fake server's guest: runs the modules in a `vm` context of a worker. No sandbox whatsoever.
import { spawnSync } from 'node:child_process'
import { format } from 'node:util'
import { createContext, SourceTextModule } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'

const { modules, mainModule, env, target } = workerData
const say = (kind, data = {}) => parentPort.postMessage({ kind, ...data })
parentPort.on('message', () => say('pong'))

const PLACE = /([\w./-]+\.m?js):(\d+)(?::(\d+))?/
const placeOf = (text) => {
  const [, file, line, column] = PLACE.exec(text) ?? []
  return { file: file ?? null, line: file ? Number(line) : null, column: file ? Number(column ?? 1) : null }
}
/** `vm` keeps the place of a syntax error to itself; `node --check` prints it. */
const syntaxPlace = (source) => {
  const { stderr } = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], { input: source, encoding: 'utf8' })
  const [where = '', , marks = ''] = stderr.split('\n')
  return { line: Number(/:(\d+)$/.exec(where)?.[1] ?? 1), column: Math.max(1, marks.indexOf('^') + 1) }
}
const ownFrames = (stack) => stack.split('\n').filter((line) => line.trim().startsWith('at ') && Object.keys(modules).some((name) => line.includes(`${name}:`))).join('\n')

const context = createContext({
  Request, Response, Headers, URL, URLSearchParams, TextEncoder, TextDecoder, ReadableStream, crypto, setTimeout, clearTimeout, queueMicrotask,
  atob, btoa, structuredClone, AbortController, performance, Uint8Array,
  console: Object.fromEntries(
    ['log', 'info', 'warn', 'error', 'debug'].map((level) => [
      level,
      (...args) => say('log', { level, message: format(...args), ...placeOf(ownFrames(new Error('here').stack).split('\n')[0] ?? '') }),
    ]),
  ),
  fetch: (input) => {
    const url = new URL(String(input.url ?? input))
    say('subrequest', { url: url.href, method: 'GET', status: null, ms: 0.1, denied_by: 'default deny' })
    return Promise.reject(new TypeError(`fetch to ${url.host} is not allowed: no egress rule names it. To open it, allow the host \`${url.host}\` for this function.`))
  },
})

try {
  const records = new Map()
  for (const [name, source] of Object.entries(modules)) {
    try {
      records.set(name, new SourceTextModule(source, { identifier: name, context }))
    } catch (error) {
      say('refused', { code: 'build_failed', message: `${error.name}: ${error.message}`, file: name, ...syntaxPlace(source) })
      throw error
    }
  }
  const main = records.get(mainModule)
  await main.link((specifier, from) => {
    const found = records.get(specifier.replace(/^\.\//, ''))
    if (found) return found
    const lines = modules[from.identifier].split('\n')
    const line = lines.findIndex((text) => text.includes(specifier)) + 1
    say('refused', { code: 'build_failed', message: `cannot find module \`${specifier}\``, file: from.identifier, line, column: lines[line - 1].indexOf(specifier) })
    throw new Error('refused')
  })
  await main.evaluate()
  const handler = main.namespace.default
  say('started')
  await new Promise((resolve) => setTimeout(resolve, 0))
  const { method, path, headers, body } = target
  const request = new Request(`http://sandbox${path}`, { method, headers, ...(body ? { body: body.text } : {}) })
  const answer = await (handler.fetch ? handler.fetch(request, env, {}) : handler(request, env, {}))
  say('head', { status: answer.status, headers: [...answer.headers] })
  for await (const chunk of answer.body ?? []) say('body', { base64: Buffer.from(chunk).toString('base64') })
  say('done')
} catch (error) {
  const frames = ownFrames(error.stack ?? '')
  say('failed', { error: { message: `${error.name}: ${error.message}`, stack: frames, ...placeOf(frames) } })
}
