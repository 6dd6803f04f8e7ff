// Writes `dist/build-stamp.txt`: one BLAKE3 digest over everything the build reads, so that a plain `cargo test` can tell,
// without node, that `dist/` was built from the sources beside it. It says nothing about the content of `dist/` itself.
//
// The rule, to be recomputed elsewhere:
//   1. Files: every regular file below `src/`, at any depth, except names that start with a dot; and, from this folder,
//      exactly `index.html`, `package.json`, `package-lock.json`, `stamp.mjs`, `tsconfig.json` and `vite.config.ts`.
//   2. Order: by path relative to this folder, `/` between folders, compared as UTF-8 bytes.
//   3. Bytes hashed, for each file in that order: path, one NUL byte, the content's length in decimal ASCII digits,
//      one NUL byte, the content as it is on disk.
//   4. `dist/build-stamp.txt` is the 32-byte BLAKE3 digest of all of that, in lower-case hexadecimal, and one line feed.
//
// `node stamp.mjs` writes the file; `node stamp.mjs --check` compares and exits with 1 when they differ.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { blake3 } from '@noble/hashes/blake3.js'

const ROOT = fileURLToPath(new URL('.', import.meta.url))
const STAMP = join(ROOT, 'dist', 'build-stamp.txt')
const SINGLE_FILES = ['index.html', 'package.json', 'package-lock.json', 'stamp.mjs', 'tsconfig.json', 'vite.config.ts']

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesBelow(path)
      return entry.isFile() ? [path] : []
    })
}

export function computeStamp() {
  const paths = filesBelow(join(ROOT, 'src'))
    .map((path) => relative(ROOT, path).split(sep).join('/'))
    .concat(SINGLE_FILES)
    .map((path) => Buffer.from(path, 'utf8'))
    .toSorted(Buffer.compare)
  const hash = blake3.create()
  for (const path of paths) {
    const content = readFileSync(join(ROOT, path.toString('utf8')))
    hash.update(path).update(Buffer.from(`\0${content.length}\0`, 'latin1')).update(content)
  }
  return Buffer.from(hash.digest()).toString('hex')
}

const stamp = computeStamp()
if (process.argv.includes('--check')) {
  const committed = readFileSync(STAMP, 'utf8').trim()
  if (committed !== stamp) {
    console.error(`dist/ is stale: its stamp is ${committed}, the sources give ${stamp}. Run \`npm run build\` in ui/.`)
    process.exit(1)
  }
} else {
  writeFileSync(STAMP, `${stamp}\n`)
}
console.log(`build stamp ${stamp}`)
