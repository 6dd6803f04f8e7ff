// Two recorded runs side by side: outcome, figures, and what differs in code and answer.
import { getRun } from '../../api/resources'
import type { Body, RecordedRun } from '../../api/types'
import { Modal } from '../../components/Dialog'
import { changeOf, changesOf, DiffView } from '../../components/DiffView'
import { Loaded, useLoad } from '../../components/Loaded'
import { Cell, HeadCell, Table } from '../../components/Table'
import { bytes, milliseconds, moment, shortVersion } from '../../text/format'
import { textsOf } from './DeployDialog'
import { usePlayground } from './state/playground'

export function CompareDialog() {
  const { comparing } = usePlayground()
  const [first, second] = comparing.value ?? [null, null]
  return (
    <Modal open={first !== null && second !== null} title="Two runs" wide onClose={() => (comparing.value = null)}>
      {first !== null && second !== null && <Comparison first={first} second={second} />}
    </Modal>
  )
}

function Comparison({ first, second }: { first: string; second: string }) {
  const { tenant } = usePlayground()
  const runs = useLoad((signal) => Promise.all([getRun(tenant, first, signal), getRun(tenant, second, signal)]), [tenant, first, second])
  return (
    <Loaded load={runs} what="The two runs">
      {([left, right]) => (
        <div class="flex flex-col gap-4">
          <Figures runs={[left, right]} />
          <section aria-label="Answers">
            <h3 class="pb-1.5 text-sm font-semibold">Answers</h3>
            <DiffView changes={[changeOf('body', textOf(left.response?.body), textOf(right.response?.body))].filter(({ status }) => status !== 'unchanged')} nothing="Both answered with the same body." />
          </section>
          <section aria-label="Code">
            <h3 class="pb-1.5 text-sm font-semibold">Code</h3>
            <DiffView changes={changesOf(left.code ? textsOf(left.code) : {}, right.code ? textsOf(right.code) : {})} nothing="Both ran the same code." />
          </section>
        </div>
      )}
    </Loaded>
  )
}

const ROWS: [name: string, of: (run: RecordedRun) => string][] = [
  ['when', (run) => moment(run.created_at)],
  ['asked', (run) => run.prompt ?? `${run.request?.method ?? ''} ${run.request?.path ?? ''}`],
  ['outcome', (run) => `${run.outcome} ${run.response?.status ?? ''}`],
  ['total', (run) => milliseconds(run.timing.total_ms)],
  ['CPU', (run) => milliseconds(run.usage.cpu_ms)],
  ['peak memory', (run) => bytes(run.usage.memory_peak_bytes)],
  ['console lines', (run) => String(run.logs.length)],
  ['outgoing requests', (run) => String(run.subrequests.length)],
  ['version', (run) => shortVersion(run.version)],
]

function Figures({ runs }: { runs: [RecordedRun, RecordedRun] }) {
  return (
    <div class="px-4">
      <Table caption="Figures of both runs" head={['Figure', 'First', 'Second']}>
        {ROWS.map(([name, of]) => {
          const [left, right] = [of(runs[0]), of(runs[1])]
          return (
            <tr key={name}>
              <HeadCell class="whitespace-nowrap">{name}</HeadCell>
              <Cell class="tenant-text max-w-72">{left}</Cell>
              <Cell class={`tenant-text max-w-72 ${left === right ? 'text-muted' : 'font-medium'}`}>{right}</Cell>
            </tr>
          )
        })}
      </Table>
    </div>
  )
}

function textOf(body: Body | null | undefined): string | null {
  if (!body) return null
  return 'text' in body ? body.text : `base64:\n${body.base64.replaceAll(/.{76}/g, '$&\n')}`
}
