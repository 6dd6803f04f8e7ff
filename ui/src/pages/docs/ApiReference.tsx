// Every call of the REST API with what it takes and gives, made of the document that the host serves.
import { CodeBlock } from '../../components/CodeBlock'
import { Loaded, useLoad } from '../../components/Loaded'
import { Section } from '../../components/PageFrame'
import { getDocument, callsByGroup, typeText, type ApiDocument, type Call } from './openapi'

export function ApiReference({ word }: { word: string }) {
  const loaded = useLoad((signal) => getDocument(signal), [])
  return (
    <Loaded load={loaded} what="The API's document">
      {(document) => {
        const groups = callsByGroup(document, word)
        if (groups.length === 0) return <p class="text-sm text-muted">No call is like that.</p>
        return (
          <>
            {groups.map(([group, calls]) => (
              <Section key={group} title={group.charAt(0).toUpperCase() + group.slice(1)}>
                <div class="-mx-4 divide-y divide-line/70">
                  {calls.map((call) => (
                    <Entry key={`${call.method} ${call.path}`} call={call} document={document} />
                  ))}
                </div>
              </Section>
            ))}
          </>
        )
      }}
    </Loaded>
  )
}

const METHOD_LOOK: Record<string, string> = { GET: 'text-note', POST: 'text-ok', PUT: 'text-warn', PATCH: 'text-warn', DELETE: 'text-bad' }

function Entry({ call: { method, path, operation }, document }: { call: Call; document: ApiDocument }) {
  return (
    <details class="group">
      <summary class="flex items-baseline gap-3 px-4 py-2 -outline-offset-2 hover:bg-raised/50">
        <span class={`w-14 shrink-0 font-mono text-xs font-semibold ${METHOD_LOOK[method] ?? ''}`}>{method}</span>
        <span class="min-w-0 flex-1">
          <span class="block font-mono text-xs break-all">{path}</span>
          <span class="block text-sm text-muted">{operation.summary}</span>
        </span>
        {operation['x-isolet-scope'] !== undefined && <span class="shrink-0 font-mono text-2xs text-muted max-sm:hidden">{operation['x-isolet-scope']}</span>}
      </summary>
      <Detail method={method} path={path} operation={operation} document={document} />
    </details>
  )
}

function Detail({ method, path, operation, document }: Call & { document: ApiDocument }) {
  const body = operation.requestBody?.content?.['application/json']?.schema
  const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2') || status === 'default')
  const bad = Object.keys(operation.responses).filter((status) => !status.startsWith('2') && status !== 'default')
  const command = curlOf(method, path, body !== undefined)
  return (
    <div class="flex flex-col gap-3 bg-canvas px-4 py-3 text-sm">
      {operation.description && <p class="max-w-3xl">{operation.description}</p>}
      {operation.parameters && operation.parameters.length > 0 && (
        <dl class="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
          {operation.parameters.map((parameter) => (
            <Parameter key={`${parameter.in} ${parameter.name}`} {...parameter} />
          ))}
        </dl>
      )}
      {body && <Code title="Takes" text={typeText(body, document)} />}
      {good.map(([status, answer]) => {
        const schema = answer.content?.['application/json']?.schema
        return <Code key={status} title={`Gives ${status}${answer.description === undefined ? '' : `: ${answer.description}`}`} text={schema ? typeText(schema, document) : null} />
      })}
      {bad.length > 0 && <p class="text-xs text-muted">Or a problem document with {bad.join(', ')}.</p>}
      <CodeBlock what="curl command" text={command} />
    </div>
  )
}

function Parameter({ name, in: place, required = false, description }: NonNullable<Call['operation']['parameters']>[number]) {
  return (
    <>
      <dt class="font-mono text-xs">
        {name}
        {required && <span class="text-bad"> *</span>}
      </dt>
      <dd class="text-xs text-muted">
        {place}
        {description !== undefined && `: ${description}`}
      </dd>
    </>
  )
}

function Code({ title, text }: { title: string; text: string | null }) {
  return (
    <div>
      <p class="pb-1 text-xs font-medium">{title}</p>
      {text !== null && <CodeBlock what={title} text={text} copy={false} />}
    </div>
  )
}

function curlOf(method: string, path: string, takesBody: boolean): string {
  const lines = [`curl -sS${method === 'GET' ? '' : ` -X ${method}`} '${location.origin}${path}'`, '-H "authorization: Bearer $ISOLET_KEY"']
  if (takesBody) lines.push("-H 'content-type: application/json'", "--data '{…}'")
  return lines.join(' \\\n  ')
}
