// Makes one function of a test file: its scripts, which are evaluated in the global scope as a browser does, the harness, and the files that
// the test reads over HTTP. What runs inside is in guest.js.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const guest = readFileSync(fileURLToPath(new URL('guest.js', import.meta.url)), 'utf8')

/** The `// META:` lines at a file's head. */
function metadata(text) {
  const meta = { scripts: [], variants: [], long: false }
  for (const line of text.split('\n')) {
    const found = /^\/\/\s*META:\s*(\w+)=(.*)$/.exec(line.trim())
    if (!found) {
      if (line.trim() !== '' && !line.startsWith('//')) break
      continue
    }
    const [, key, value] = found
    if (key === 'script') meta.scripts.push(value)
    else if (key === 'variant') meta.variants.push(value)
    else if (key === 'timeout') meta.long = value === 'long'
  }
  return meta
}

/** Runs of a test file: one for each variant. Names of subtests are kept apart by the variant's query. */
export function packs(root, file) {
  const text = readFileSync(join(root, file), 'utf8')
  const meta = metadata(text)
  const variants = meta.variants.length > 0 ? meta.variants : ['']
  return variants.map((variant) => ({
    file: `${file}${variant}`,
    path: `/${file.replace(/\.js$/, '.worker.html')}${variant.startsWith('?') ? variant : ''}`,
    long: meta.long,
    modules: () => modules(root, file, text, meta.scripts),
  }))
}

function modules(root, file, text, metaScripts) {
  const harness = readFileSync(join(root, 'resources/testharness.js'), 'utf8')
  const scripts = metaScripts.map((name) => {
    const path = resolve(file, name)
    const source = readFileSync(join(root, path), 'utf8')
    return path.endsWith('.sub.js') ? substitute(source) : source
  })
  scripts.push(file.endsWith('.sub.any.js') ? substitute(text) : text)
  // One text, because what `let` and `const` declare does not outlive an evaluation. Whether it is strict is for the test itself to say.
  const strict = /^\s*(?:\/\/.*\n\s*|\/\*[\s\S]*?\*\/\s*)*(['"])use strict\1/.test(text)
  const all = scripts.join('\n;')
  const test = strict ? `'use strict';${globalFunctions(all)}\n${all}` : `;${all}`
  const main = `${guest}
export default { fetch: (request) => runTests(request.url, ${JSON.stringify({
    harness,
    test,
    resources: resourcesOf(root, file, test),
    mayThrow: test.includes('allow_uncaught_exception'),
  })}) };
`
  return { 'main.js': main }
}

/** Evaluated strictly, functions do not become properties of the global object by themselves, as a script's do. */
function globalFunctions(source) {
  const names = new Set([...source.matchAll(/^(?:async )?function\*? ?([\w$]+)/gm)].map((match) => match[1]))
  return [...names].map((name) => `if (typeof ${name} === "function") globalThis.${name} = ${name};`).join(' ')
}

function resolve(file, name) {
  const path = name.startsWith('/') ? name.slice(1) : posix.normalize(posix.join(dirname(file), name))
  // The test server has this one under another name.
  return path === 'resources/WebIDLParser.js' ? 'resources/webidl2/lib/webidl2.js' : path
}

/** What the test server puts in place of {{…}}. */
function substitute(text) {
  const values = { 'host': 'web-platform.test', 'ports[http][0]': '80', 'ports[https][0]': '443', 'location[server]': 'http://web-platform.test' }
  return text.replace(/\{\{([^}]+)\}\}/g, (whole, name) => values[name] ?? (name.startsWith('ports') ? '8000' : 'www.web-platform.test'))
}

/** Files of the checkout that the scripts name in calls of fetch, and the IDL they ask for. */
function resourcesOf(root, file, source) {
  const names = new Set()
  for (const [, name] of source.matchAll(/fetch(?:_json)?\(\s*["'`]([^"'`]+)["'`]/g)) names.add(name)
  for (const [, name] of source.matchAll(/["'`]([\w./-]*(?:resources|media)\/[\w.-]+\.\w+)["'`]/g)) names.add(name)
  const idl = /idl_test\(\s*\[([^\]]*)\]\s*,\s*\[([^\]]*)\]/.exec(source)
  if (idl) for (const [, name] of `${idl[1]},${idl[2]}`.matchAll(/['"]([\w.-]+)['"]/g)) names.add(`/interfaces/${name}.idl`)
  const resources = {}
  for (const name of names) {
    if (/^[a-z]+:/i.test(name) || name.includes('?')) continue
    const path = resolve(file, name)
    if (path.startsWith('..') || !existsSync(join(root, path)) || path.endsWith('.py')) continue
    try {
      resources[`/${path}`] = readFileSync(join(root, path)).toString('base64')
    } catch {
      // A folder: not something to fetch.
    }
  }
  return resources
}
