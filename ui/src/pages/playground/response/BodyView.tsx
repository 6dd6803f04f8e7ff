// The answer's body: pretty where it is JSON, as text, as it went over the wire, or as hex. Tenant text only ever as text nodes.
import { useComputed, useSignal } from '@preact/signals'
import { IconButton } from '../../../components/Button'
import { CopyButton } from '../../../components/CopyButton'
import { EmptyState } from '../../../components/EmptyState'
import { Segmented } from '../../../components/Segmented'
import { bytes } from '../../../text/format'
import { saveAs } from '../../../text/saveAs'
import { TEXT_LIMIT } from '../state/bodyBuffer'
import { usePlayground } from '../state/playground'
import type { RunView } from '../state/runView'
import { HexDump } from './HexDump'
import { prettyJson } from './json'

type Form = 'pretty' | 'text' | 'raw' | 'hex'

export function BodyView() {
  const { runner } = usePlayground()
  const chosen = useSignal<Form | null>(null)
  const json = useComputed(() => {
    const { body, state } = runner.view.value
    // Half a document is no JSON yet: the pretty view waits for the end.
    return state !== 'running' && body.isText && body.textIsWhole ? prettyJson(body.text) : null
  })
  const view = runner.view.value
  const { body } = view
  if (body.size === 0) return <NoBody view={view} />

  const best: Form = !body.isText ? 'hex' : json.value ? 'pretty' : 'text'
  const form = chosen.value === 'pretty' && !json.value ? best : (chosen.value ?? best)
  const choices: { value: Form; label: string }[] = [
    ...(json.value ? [{ value: 'pretty' as const, label: 'JSON' }] : []),
    { value: 'text', label: 'Text' },
    { value: 'raw', label: 'Raw' },
    { value: 'hex', label: 'Hex' },
  ]
  return (
    <div class="flex min-h-full flex-col">
      <div class="sticky top-0 z-10 flex items-center gap-2 bg-surface px-3 py-1.5">
        <Segmented label="Show the body as" choices={choices} value={form} onChange={(next) => (chosen.value = next)} />
        <span class="ml-auto text-xs text-muted tabular-nums" data-testid="body-size">
          {bytes(body.size)}
          {view.result?.response?.truncated && ', cut off by the server'}
        </span>
        <CopyButton what="response body" text={() => new TextDecoder().decode(body.bytes())} small />
        <IconButton icon="save" label="Save the body as a file" onClick={() => saveAs(body.bytes(), `${view.result?.id ?? 'response'}.body`)} />
      </div>
      {!body.textIsWhole && form !== 'hex' && (
        <p class="px-3 pb-1 text-xs text-warn">Only the first {bytes(TEXT_LIMIT)} are shown; Copy and Save take all of it.</p>
      )}
      <div class="flex-1 px-3 pb-3" data-testid="body" data-form={form}>
        {form === 'pretty' && json.value && (
          <pre class="tenant-text font-mono text-xs leading-5">
            {/* The pieces have no identity beyond their place. */}
            {/* oxlint-disable-next-line react/no-array-index-key */}
            {json.value.map(([kind, text], at) => (kind === 'plain' ? text : <span key={at} class={JSON_COLOUR[kind]}>{text}</span>))}
          </pre>
        )}
        {form === 'text' && <pre class="tenant-text font-mono text-xs leading-5">{body.text}</pre>}
        {form === 'raw' && <pre class="tenant-text font-mono text-xs leading-5">{rawHead(view) + body.text}</pre>}
        {form === 'hex' && <HexDump body={body} />}
      </div>
    </div>
  )
}

const JSON_COLOUR = { key: 'text-code-property', string: 'text-code-string', number: 'text-code-number', word: 'text-code-keyword' }

function NoBody({ view }: { view: RunView }) {
  if (view.state === 'running') {
    return (
      <div class="flex flex-col gap-2 p-3" aria-label="Waiting for the body" role="img">
        <span class="shimmer h-3.5 w-3/5" />
        <span class="shimmer h-3.5 w-2/5" />
      </div>
    )
  }
  if (view.head) return <EmptyState icon="info" title="Empty body">The function answered {view.head.status} without a body.</EmptyState>
  return <EmptyState icon="info" title="No answer">The run ended before there was one; the reason is above.</EmptyState>
}

function rawHead(view: RunView): string {
  const head = view.head
  if (!head) return ''
  return `HTTP/1.1 ${head.status}\n${head.headers.map(([name, value]) => `${name}: ${value}\n`).join('')}\n`
}
