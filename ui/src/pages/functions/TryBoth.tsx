// The same request to two versions, side by side: what each answered, and what it cost. Sent as runs: no traffic is moved.
import { useSignal } from '@preact/signals'
import { runVersion } from '../../api/resources'
import type { Body, RunResult, Version } from '../../api/types'
import { Button } from '../../components/Button'
import { changeOf, DiffView } from '../../components/DiffView'
import { TextField } from '../../components/Field'
import { useAction } from '../../components/Form'
import { Cell, HeadCell, Table } from '../../components/Table'
import { bytes, milliseconds } from '../../text/format'

interface TryBothProps {
  tenant: string
  older: Version
  newer: Version
}

export function TryBoth({ tenant, older, newer }: TryBothProps) {
  const path = useSignal('/?q=hello')
  const results = useSignal<[RunResult, RunResult] | null>(null)
  const { busy, fault, act } = useAction()
  const send = (event: Event): void => {
    event.preventDefault()
    void act(async () => {
      results.value = await Promise.all([runVersion(tenant, older.id, path.value), runVersion(tenant, newer.id, path.value)])
    })
  }
  return (
    <div class="mt-4 border-t border-line pt-3">
      <form class="flex items-end gap-2" onSubmit={send}>
        <TextField label={`Ask #${older.number} and #${newer.number} the same`} class="max-w-md flex-1 [&>p]:hidden" mono value={path.value} onText={(text) => (path.value = text)} />
        <Button type="submit" icon="compare" busy={busy.value} disabled={!path.value.startsWith('/')}>
          Run both
        </Button>
        <span role="alert" class="text-sm text-bad">
          {fault.value}
        </span>
      </form>
      {results.value && <Answers older={older} newer={newer} results={results.value} />}
    </div>
  )
}

const ROWS: [name: string, of: (run: RunResult) => string][] = [
  ['outcome', (run) => `${run.outcome} ${run.response?.status ?? ''}`],
  ['run', (run) => milliseconds(run.timing.run_ms)],
  ['CPU', (run) => milliseconds(run.usage.cpu_ms)],
  ['peak memory', (run) => bytes(run.usage.memory_peak_bytes)],
  ['console lines', (run) => String(run.logs.length)],
]

function Answers({ older, newer, results: [left, right] }: Omit<TryBothProps, 'tenant'> & { results: [RunResult, RunResult] }) {
  return (
    <div class="mt-3 flex flex-col gap-3" data-testid="both">
      <div class="px-4">
        <Table caption="Both answers" head={['', `#${older.number}`, `#${newer.number}`]}>
          {ROWS.map(([name, of]) => (
            <tr key={name}>
              <HeadCell>{name}</HeadCell>
              <Cell class="tabular-nums">{of(left)}</Cell>
              <Cell class="tabular-nums">{of(right)}</Cell>
            </tr>
          ))}
        </Table>
      </div>
      <DiffView changes={[changeOf('answer', textOf(left), textOf(right))].filter(({ status }) => status !== 'unchanged')} nothing="Both gave the same answer." />
    </div>
  )
}

function textOf(run: RunResult): string {
  const body: Body | null | undefined = run.response?.body
  if (!body) return run.error?.message ?? ''
  return 'text' in body ? body.text : body.base64
}
