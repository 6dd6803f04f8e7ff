// The lists of expected failures: one line each, "file › subtest", a tab, and the reason. A line without a subtest stands for a file
// that cannot be run to its end, "file › *" for whatever fails in a file whose feature is not there. Reasons that begin with "server:",
// "browser:" or "other:" are counted apart: such a subtest says nothing about a runtime without them, or is about what this one does not
// claim to have.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('expected', import.meta.url))

/** What stands between file and subtest. */
const SEPARATOR = ' › '

/** The line for all that fails in a file. */
export const wholeFile = (file) => `${file}${SEPARATOR}*`
export const fileOf = (line) => line.split(SEPARATOR, 1)[0]

/** A subtest's name on one line: what would break it is written as JSON writes it. */
export function lineOf(file, subtest) {
  if (subtest === null) return file
  // eslint-disable-next-line no-control-regex -- exactly the characters that a line cannot hold
  const shown = subtest.toWellFormed().replace(/[\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) =>
    char === '\\' ? '\\\\' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `${file}${SEPARATOR}${shown}`
}

/** Reason by line. */
export function readExpected(area) {
  const path = join(folder, `${area}.txt`)
  const list = new Map()
  if (!existsSync(path)) return list
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const tab = line.lastIndexOf('\t')
    if (tab < 0 || line.slice(tab + 1).trim() === '') throw new Error(`${path}: a line without a reason: ${line}`)
    list.set(line.slice(0, tab), line.slice(tab + 1))
  }
  return list
}

export function writeExpected(area, list) {
  const lines = [...list].map(([line, reason]) => `${line}\t${reason}`).sort()
  const head = `# Tests of ${area} that are known to fail, each with its reason. May only shrink.\n`
  writeFileSync(join(folder, `${area}.txt`), `${head}${lines.map((line) => `${line}\n`).join('')}`)
}
