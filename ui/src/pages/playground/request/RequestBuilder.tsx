// A whole request: method, path, headers, body, sent to the function as it stands here.
import { usePlayground } from '../state/playground'
import type { RequestDraft } from '../state/draft'
import { PairList } from './PairList'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

const FIELD = 'rounded-lg border border-line-strong/60 bg-sunken'

export function RequestBuilder() {
  const { draft } = usePlayground()
  const request = draft.request.value
  const change = (part: Partial<RequestDraft>): void => {
    draft.request.value = { ...draft.request.value, ...part }
  }
  const takesBody = request.method !== 'GET' && request.method !== 'HEAD'
  return (
    <div class="flex flex-col gap-2">
      <div class="flex gap-2">
        <select
          aria-label="Method"
          class={`h-9 ${FIELD} px-2 font-mono text-sm`}
          value={request.method}
          onChange={(event) => change({ method: event.currentTarget.value })}
        >
          {METHODS.map((method) => (
            <option key={method}>{method}</option>
          ))}
        </select>
        <input
          aria-label="Path and query"
          class={`h-9 min-w-0 flex-1 ${FIELD} px-3 font-mono text-sm`}
          placeholder="/path?query=1"
          spellcheck={false}
          autocomplete="off"
          value={request.path}
          onInput={(event) => change({ path: event.currentTarget.value })}
        />
      </div>
      <div class="grid max-h-44 gap-3 overflow-y-auto md:grid-cols-2">
        <div>
          <h3 class="mb-1 text-xs font-medium text-muted">Headers</h3>
          <PairList
            pairs={request.headers}
            onChange={(headers) => change({ headers })}
            nameLabel="Header name"
            namePlaceholder="content-type"
            valueLabel="Header value"
            valuePlaceholder="application/json"
            addLabel="Add a header"
          />
        </div>
        <div class="flex flex-col">
          <label for="request-body" class="mb-1 text-xs font-medium text-muted">
            Body {!takesBody && <span>(not sent with {request.method})</span>}
          </label>
          <textarea
            id="request-body"
            rows={3}
            spellcheck={false}
            disabled={!takesBody}
            class={`min-h-16 flex-1 resize-none ${FIELD} px-3 py-1.5 font-mono text-xs disabled:opacity-60`}
            value={request.body}
            onInput={(event) => change({ body: event.currentTarget.value })}
          />
        </div>
      </div>
    </div>
  )
}
