// The examples of the client's README run as they stand there, and print what it says they print.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { newTenant, url } from './host.mjs'

const readme = readFileSync(process.env.ISOLET_README, 'utf8')
/** Code, and the output block right below it. */
const examples = [...readme.matchAll(/```js\n\/\/ (\S+\.mjs)\n(.*?)```\n+```text\n(.*?)```/gs)]

suite('README', () => {
  test('has examples', () => assert.ok(examples.length >= 3, `${examples.length}`))
  for (const [, name, code, output] of examples) {
    test(name, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'isolet-readme-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      symlinkSync(join(import.meta.dirname, 'node_modules'), join(folder, 'node_modules'))
      writeFileSync(join(folder, name), code)
      const { key } = await newTenant()
      const { stdout } = await promisify(execFile)('node', [join(folder, name)], { env: { ...process.env, ISOLET_URL: url, ISOLET_KEY: key } })
      assert.equal(stdout, output)
    })
  }
})
