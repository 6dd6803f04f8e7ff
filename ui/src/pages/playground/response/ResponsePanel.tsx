// The answer to the last run, outcome first: head, figures, then page, body, headers or timing. Each part has a file beside this one.
import { useSignal } from '@preact/signals'
import { Button } from '../../../components/Button'
import { EmptyState } from '../../../components/EmptyState'
import { TabPanel, Tabs } from '../../../components/Tabs'
import { RUN_KEYS } from '../../../text/keys'
import { usePlayground } from '../state/playground'
import { BodyView } from './BodyView'
import { FailureBox } from './FailureBox'
import { Figures } from './Figures'
import { HeadersTable } from './HeadersTable'
import { OutcomeLine } from './OutcomeLine'
import { isPage, PreviewPane } from './PreviewPane'
import { TimingTable } from './TimingTable'

type Part = 'preview' | 'body' | 'headers' | 'timing'

export function ResponsePanel() {
  const { runner, run } = usePlayground()
  const chosen = useSignal<Part>('body')
  const view = runner.view.value
  const page = isPage(view)
  const part = chosen.value === 'preview' && !page ? 'body' : chosen.value
  if (view.state === 'idle') {
    return (
      <EmptyState
        icon="play"
        title="Nothing ran yet"
        action={
          <Button look="primary" onClick={run}>
            Run it
          </Button>
        }
      >
        The answer appears here as it arrives: outcome, body, timing, CPU and memory. {RUN_KEYS} runs from anywhere on this page.
      </EmptyState>
    )
  }
  // Refused before it began: there are no figures, no head and no body to look at.
  if (view.state === 'refused' && view.head === null) {
    return (
      <div class="flex h-full flex-col" data-testid="response">
        <OutcomeLine />
        <FailureBox />
      </div>
    )
  }
  const headers = view.head?.headers ?? []
  return (
    <div class="flex h-full min-h-0 flex-col" data-testid="response">
      <OutcomeLine />
      <Figures />
      <FailureBox />
      <Tabs
        label="Response"
        idBase="response"
        class="h-9 shrink-0 border-b border-line px-1"
        tabs={[
          ...(page ? [{ id: 'preview' as const, label: 'Preview' }] : []),
          { id: 'body', label: 'Body' },
          { id: 'headers', label: 'Headers', badge: headers.length > 0 ? String(headers.length) : undefined },
          { id: 'timing', label: 'Timing' },
        ]}
        active={part}
        onSelect={(id) => (chosen.value = id)}
      />
      <TabPanel idBase="response" active={part} class="flex-1 overflow-auto">
        {part === 'preview' && <PreviewPane />}
        {part === 'body' && <BodyView />}
        {part === 'headers' && <HeadersTable headers={headers} />}
        {part === 'timing' && <TimingTable />}
      </TabPanel>
    </div>
  )
}
