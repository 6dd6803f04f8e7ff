// The API's own document as the reference reads it: operations by group, schemas as short type texts, problem codes by status.
import { getJson } from '../../api/client'

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  oneOf?: Schema[]
  anyOf?: Schema[]
  allOf?: Schema[]
  description?: string
}

interface Content {
  content?: Record<string, { schema?: Schema }>
}

export interface Operation {
  operationId: string
  summary?: string
  description?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[]
  requestBody?: Content
  responses: Record<string, Content & { $ref?: string; description?: string }>
  tags?: string[]
  'x-isolet-scope'?: string
}

export interface ApiDocument {
  info: { title: string; version: string; description?: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; responses: Record<string, unknown> }
}

export const getDocument = (signal?: AbortSignal): Promise<ApiDocument> => getJson<ApiDocument>('/v1/openapi.json', signal)

export interface Call {
  method: string
  path: string
  operation: Operation
}

const METHODS = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete']

export function callsByGroup(document: ApiDocument, word: string): [group: string, calls: Call[]][] {
  const wanted = word.trim().toLowerCase()
  const groups = new Map<string, Call[]>()
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method]
      if (!operation) continue
      const text = `${method} ${path} ${operation.operationId} ${operation.summary ?? ''} ${operation['x-isolet-scope'] ?? ''}`.toLowerCase()
      if (!text.includes(wanted)) continue
      const group = operation.tags?.[0] ?? 'host'
      groups.set(group, [...(groups.get(group) ?? []), { method: method.toUpperCase(), path, operation }])
    }
  }
  return [...groups]
}

/** The codes that the document names in its shared answers, by status: `422.build_failed.invalid_code`. */
export function problemCodes(document: ApiDocument): [status: string, codes: string[]][] {
  const byStatus = new Map<string, Set<string>>()
  for (const name of Object.keys(document.components.responses)) {
    const [status = '', ...codes] = name.split('.')
    const known = byStatus.get(status) ?? new Set<string>()
    for (const code of codes) known.add(code)
    byStatus.set(status, known)
  }
  return [...byStatus].map(([status, codes]): [string, string[]] => [status, [...codes].toSorted()]).toSorted(([a], [b]) => a.localeCompare(b))
}

/** Deeper than this a reader opens the schema itself. */
const DEPTH = 4

/** A schema as TypeScript would write it. */
export function typeText(schema: Schema | undefined, document: ApiDocument, depth = 0, indent = ''): string {
  if (schema === undefined) return 'unknown'
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').pop() ?? ''
    const target = document.components.schemas[name]
    return target === undefined || depth >= DEPTH ? name : typeText(target, document, depth + 1, indent)
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const several = schema.oneOf ?? schema.anyOf ?? schema.allOf
  if (several) return several.map((each) => typeText(each, document, depth, indent)).join(schema.allOf ? ' & ' : ' | ')
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'unknown']
  return types.map((type) => oneType(type, schema, document, depth, indent)).join(' | ')
}

function oneType(type: string, schema: Schema, document: ApiDocument, depth: number, indent: string): string {
  if (type === 'integer') return 'number'
  if (type === 'array') return `(${typeText(schema.items, document, depth, indent)})[]`.replace(/^\(([\w"]+)\)/, '$1')
  if (type !== 'object') return type
  const deeper = `${indent}  `
  const required = new Set(schema.required)
  const lines = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => `${deeper}${name}${required.has(name) ? '' : '?'}: ${typeText(property, document, depth + 1, deeper)}${property.description === undefined ? '' : `  // ${property.description.replaceAll('\n', ' ')}`}`,
  )
  if (typeof schema.additionalProperties === 'object') lines.push(`${deeper}[name: string]: ${typeText(schema.additionalProperties, document, depth + 1, deeper)}`)
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`
}
