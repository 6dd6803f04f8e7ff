// Runs wrk with a plan of requests and answers and gives back what it measured. How wrk sends and checks is in load.lua, what to send
// is in ../peers.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { TAG } from '../workloads/index.js'

const script = fileURLToPath(new URL('load.lua', import.meta.url))
/** Seconds without an end after which a server is taken to hang. */
const PATIENCE_S = 60
let serial = 0

/** A text as Lua reads it; texts here are ASCII, which keeps bytes and characters the same. */
function lua(text) {
  // eslint-disable-next-line no-control-regex -- exactly the characters beyond ASCII
  if (/[^\x00-\x7f]/.test(text)) throw new Error(`not ASCII: ${text.slice(0, 80)}`)
  return `"${text.replace(/[^ -~]|["\\]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`)}"`
}

const list = (texts) => `{${texts.map(lua).join(', ')}}`

/** A whole HTTP request. A tag in it is as long as what will stand there, so that the length holds. */
export function message(method, path, headers, body = '') {
  const lines = Object.entries(body ? { ...headers, 'content-length': body.length } : headers)
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/**
 * Sends a target's requests over `connections` for about `seconds` or `count` answers, whichever is first, after `warmUp` seconds that do
 * not count. A target is `{ port, requests, answers }`; with `wrapped` as well, answers are found between two texts, beside some marks.
 */
export async function drive(target, { connections, seconds, count = 1e9, warmUp = 0 }) {
  const folder = mkdtempSync(join(tmpdir(), 'isolet-bench-plan-'))
  const { before, after, marks } = target.wrapped ?? {}
  const wrapped = before ? `before = ${lua(before)}, after = ${lua(after)}, marks = ${list(marks)},` : ''
  try {
    const plan = join(folder, 'plan.lua')
    writeFileSync(plan, `return {
      connections = ${connections}, seconds = ${seconds}, count = ${count}, warm_up = ${warmUp},
      tag = ${lua(TAG)}, serial = "t${String(serial++).padStart(4, '0')}", ${wrapped}
      requests = ${list(target.requests)},
      answers = ${list(target.answers)},
    }`)
    const limit = Math.ceil(seconds + warmUp) + PATIENCE_S
    const args = ['-t1', `-c${connections}`, `-d${limit}s`, '-s', script, `http://127.0.0.1:${target.port}`, '--', plan]
    const { stdout } = await promisify(execFile)('wrk', args).catch((error) => { throw new Error(error.stderr || error.message) })
    return JSON.parse(stdout.trim().split('\n').at(-1))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
