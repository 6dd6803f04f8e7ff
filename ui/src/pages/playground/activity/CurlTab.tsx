// The REST call behind the last run, ready for a shell. The key comes from the reader's environment: the console's own
// token is never printed.
import { useSignal } from '@preact/signals'
import { runsPath } from '../../../api/resources'
import { CopyButton } from '../../../components/CopyButton'
import { Segmented } from '../../../components/Segmented'
import { usePlayground } from '../state/playground'
import { buildRequest } from '../state/runner'
import { curlCommand } from './curl'

export function CurlTab() {
  const { draft, runner, tenant } = usePlayground()
  const answer = useSignal<'json' | 'stream'>('json')
  const sent = runner.view.value.sent
  const command = curlCommand(`${location.origin}${runsPath(tenant)}`, sent ?? buildRequest(draft), answer.value === 'stream')
  return (
    <div class="flex min-h-full flex-col px-3 py-2">
      <div class="flex flex-wrap items-center gap-3 pb-2">
        <Segmented
          label="Answer of the call"
          choices={[
            { value: 'json', label: 'JSON at the end' },
            { value: 'stream', label: 'Events as they come' },
          ]}
          value={answer.value}
          onChange={(next) => (answer.value = next)}
        />
        <span class="text-xs text-muted">
          {sent ? 'What was just run.' : 'What Run would send.'} First: <code class="font-mono">export ISOLET_KEY=$(cat .isolet/admin.key)</code>
        </span>
        <span class="ml-auto">
          <CopyButton what="curl command" text={() => command} />
        </span>
      </div>
      <pre class="tenant-text flex-1 rounded-lg border border-line bg-sunken p-3 font-mono text-xs" data-testid="curl">
        {command}
      </pre>
    </div>
  )
}
