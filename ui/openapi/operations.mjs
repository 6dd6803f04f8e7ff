// Writes what the client has to know of the API's operations while it runs: method and address, and whether a request can carry an
// `Idempotency-Key`. The types of what goes in and comes out are in `schema.ts`, which openapi-typescript writes.
//
// `node operations.mjs` writes the file; `node operations.mjs --check` compares and exits with 1 when they differ.
import { readFileSync, writeFileSync } from 'node:fs'

const DOCUMENT = new URL('../../host/api/openapi.json', import.meta.url)
const OUTPUT = new URL('../../guest-sdk/client/src/generated/operations.ts', import.meta.url)
const METHODS = ['get', 'put', 'post', 'patch', 'delete']

const { paths } = JSON.parse(readFileSync(DOCUMENT, 'utf8'))
const lines = Object.entries(paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method] !== undefined).map((method) => {
    const { operationId, parameters = [], requestBody } = item[method]
    const facts = [`method: '${method.toUpperCase()}'`, `path: '${path}'`]
    if (requestBody !== undefined) facts.push('body: true')
    if (parameters.some(({ name }) => name === 'idempotency-key')) facts.push('repeatable: true')
    return `  ${operationId}: { ${facts.join(', ')} },\n`
  })
)
const text = `// Written from host/api/openapi.json by \`npm run generate\` in ui/openapi/.
/** Every operation of the API: its method and address, whether it takes a body, and whether it takes an \`Idempotency-Key\`. */
export const OPERATIONS = {
${lines.join('')}} as const
`
if (process.argv.includes('--check')) {
  if (readFileSync(OUTPUT, 'utf8') !== text) {
    console.error('guest-sdk/client/src/generated/operations.ts is not what host/api/openapi.json gives')
    process.exit(1)
  }
} else {
  writeFileSync(OUTPUT, text)
}
