// Ajv compiles schemas by `new Function`, so this one asks for `allow_eval`.
import Ajv from 'ajv'
import Ajv2020 from 'ajv/dist/2020'
import { report } from './report'

export const options = { allow_eval: true }

const ajv = new Ajv({ allErrors: true, coerceTypes: true, useDefaults: true })
ajv.addKeyword({ keyword: 'even', type: 'number', validate: (wanted: boolean, data: number) => (data % 2 === 0) === wanted })
ajv.addFormat('sku', /^[A-Z]{3}-\d+$/)
ajv.addSchema({ $id: 'https://example.org/line', type: 'object', required: ['sku', 'count'], properties: { sku: { type: 'string', format: 'sku' }, count: { type: 'integer', even: true } } })
const order = ajv.compile({
  type: 'object',
  properties: {
    id: { type: 'string', pattern: '^[a-z]+$' },
    note: { type: 'string', default: 'none', maxLength: 5 },
    lines: { type: 'array', minItems: 1, uniqueItems: true, items: { $ref: 'https://example.org/line' } },
    paid: { oneOf: [{ const: true }, { type: 'null' }] },
  },
  required: ['id', 'lines'],
  additionalProperties: false,
})
const tree = new Ajv2020().compile({ $id: 't', $dynamicAnchor: 'node', type: 'object', properties: { left: { $dynamicRef: '#node' }, value: { type: 'number' } }, unevaluatedProperties: false })

export default report(() => {
  const good = { id: 'abc', lines: [{ sku: 'ABC-1', count: '2' }] }
  const passed = order(good)
  const failed = order({ id: 'ABC', lines: [{ sku: 'abc', count: 3 }, { sku: 'abc', count: 3 }], note: 'too long', paid: false, more: 1 })
  const errors = order.errors
  return { passed, good, failed, errors, text: ajv.errorsText(errors), tree: [tree({ value: 1, left: { value: 2 } }), tree({ left: { more: 1 } }), tree.errors] }
})
