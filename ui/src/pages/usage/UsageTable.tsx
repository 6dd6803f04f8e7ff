// Usage in windows, summed by tenant, function or label, as a table and as a file for whoever writes the bills.
import { useSignal } from '@preact/signals'
import { getUsage, getUsageCsv, type UsageQuery } from '../../api/metrics'
import type { UsageWindow } from '../../api/types'
import { Badge } from '../../components/Badge'
import { Button } from '../../components/Button'
import { EmptyState } from '../../components/EmptyState'
import { SelectField, TextField } from '../../components/Field'
import { useAction } from '../../components/Form'
import { Loaded, useLoad } from '../../components/Loaded'
import { NotOffered } from '../../components/NotOffered'
import { Section } from '../../components/PageFrame'
import { Cell, HeadCell, Table } from '../../components/Table'
import { saveAs } from '../../text/saveAs'
import { bytes, count, milliseconds, moment } from '../../text/format'

type Granularity = '15m' | '1h' | '1d'
type Days = '1' | '7' | '31'

/** More rows are for the file, not for the eye. */
const SHOWN = 500

export function UsageTable() {
  const granularity = useSignal<Granularity>('1h')
  const groupBy = useSignal('tenant')
  const days = useSignal<Days>('1')
  const { busy, fault, act } = useAction()
  // Whole hours, so that asking twice asks for the same.
  const end = new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000)
  const start = new Date(end.getTime() - Number(days.value) * 86_400_000)
  const query: UsageQuery = { start: start.toISOString(), end: end.toISOString(), granularity: granularity.value, group_by: groupBy.value }
  const loaded = useLoad((signal) => getUsage(query, signal), [granularity.value, groupBy.value, days.value])
  if (loaded.error?.status === 404) return <NotOffered what="usage" />
  const save = (): Promise<void> =>
    act(async () => saveAs(await getUsageCsv(query), `usage-${query.start.slice(0, 10)}-${query.granularity}.csv`))
  return (
    <>
      <div class="flex flex-wrap items-end gap-3 pb-4">
        <SelectField label="Of" class="w-36" value={days.value} choices={[{ value: '1', label: 'the last day' }, { value: '7', label: 'the last week' }, { value: '31', label: 'the last month' }]} onChoose={(value) => (days.value = value)} />
        <SelectField label="Windows" class="w-36" value={granularity.value} choices={[{ value: '15m', label: '15 minutes' }, { value: '1h', label: 'hours' }, { value: '1d', label: 'days' }]} onChoose={(value) => (granularity.value = value)} />
        <TextField label="Summed by" class="w-56 [&>p]:hidden" mono value={groupBy.value} onText={(text) => (groupBy.value = text.trim())} options={['tenant', 'function', 'label.tier']} />
        <Button icon="save" busy={busy.value} onClick={() => void save()}>
          Save as CSV
        </Button>
        <span role="alert" class="text-sm text-bad">
          {fault.value}
        </span>
      </div>
      <Loaded load={loaded} what="The usage">
        {({ data }) =>
          data.length === 0 ? (
            <EmptyState icon="chart" title="Nothing was used in this time" command="isolet usage">
              Each window that had a request is a row here.
            </EmptyState>
          ) : (
            <Section title={data.length > SHOWN ? `The newest ${SHOWN} of ${count(data.length)} windows` : `${count(data.length)} windows`} about="A closed window never changes again; its digest says what it was.">
              <Table caption="Usage" head={['Window', 'Of', 'Requests>', 'CPU>', 'Duration>', 'Memory>', 'Out>', 'State']}>
                {data.toReversed().slice(0, SHOWN).map((window) => (
                  <Row key={`${window.window_start} ${JSON.stringify(window.labels)}`} window={window} />
                ))}
              </Table>
            </Section>
          )
        }
      </Loaded>
    </>
  )
}

function Row({ window }: { window: UsageWindow }) {
  const labels = Object.entries(window.labels).map(([name, value]) => (name === 'tenant' ? (value ?? 'none') : `${name}: ${value ?? 'none'}`))
  return (
    <tr>
      <HeadCell class="whitespace-nowrap">{moment(window.window_start)}</HeadCell>
      <Cell class="tenant-text w-full">{labels.join(', ')}</Cell>
      <Cell right>{count(window.requests)}</Cell>
      <Cell right>{milliseconds(window.cpu_ms)}</Cell>
      <Cell right>{milliseconds(window.duration_ms)}</Cell>
      <Cell right>{count(Math.round(window.memory_mib_s))} MiB s</Cell>
      <Cell right>{bytes(window.response_bytes + window.egress_bytes)}</Cell>
      <Cell>{window.closed ? <Badge tone="ok" {...(window.digest === null ? {} : { title: window.digest })}>closed</Badge> : <Badge>open</Badge>}</Cell>
    </tr>
  )
}
