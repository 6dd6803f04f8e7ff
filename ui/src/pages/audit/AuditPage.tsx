// Who changed what, newest first, and whether the record of it is whole. Values, secrets and code are not in it.
import { useSignal } from '@preact/signals'
import { listAudit, type AuditFilter } from '../../api/audit'
import type { AuditEntry } from '../../api/types'
import type { PageProps } from '../../app/pages'
import { hrefOf, replaceQuery } from '../../app/route'
import { Badge } from '../../components/Badge'
import { Button } from '../../components/Button'
import { EmptyState } from '../../components/EmptyState'
import { SelectField, TextField } from '../../components/Field'
import { useAction } from '../../components/Form'
import { Loaded, useLoad } from '../../components/Loaded'
import { NotOffered } from '../../components/NotOffered'
import { PageFrame } from '../../components/PageFrame'
import { Cell, HeadCell, Table } from '../../components/Table'
import { When } from '../../components/When'
import { Verify } from './Verify'

const SINCE = [
  { value: '', label: 'ever' },
  { value: '1', label: 'the last hour' },
  { value: '24', label: 'the last day' },
  { value: '168', label: 'the last week' },
]

export default function AuditPage({ route }: PageProps) {
  const text = (name: string): string => route.query.get(name) ?? ''
  const [about, operation, actor, hours] = [text('about'), text('operation'), text('actor'), text('since')]
  const entries = useLoad((signal) => listAudit(filterOf(about, operation, actor, hours), '', signal), [about, operation, actor, hours])
  if (entries.error?.status === 404) return <NotOffered what="audit" />
  return (
    <PageFrame title="Audit" about="Every change that was asked for: by which key, of what, with which answer. Entries are chained by digests: one that is altered or taken out is noticed." actions={<Verify />}>
      <div class="grid max-w-4xl gap-3 pb-4 sm:grid-cols-4">
        <TextField label="Tenant" value={about} onText={(value) => replaceQuery({ about: value.trim() })} placeholder="all" />
        <TextField label="Operation" mono value={operation} onText={(value) => replaceQuery({ operation: value.trim() })} placeholder="deploy_version" />
        <TextField label="Key" mono value={actor} onText={(value) => replaceQuery({ actor: value.trim() })} placeholder="key_…" />
        <SelectField label="Since" value={hours} choices={SINCE} onChoose={(value) => replaceQuery({ since: value })} />
      </div>
      <Loaded load={entries} what="The entries">
        {(first) => (first.data.length === 0 ? <Nothing filtered={about + operation + actor + hours !== ''} /> : <Entries key={first.data[0]?.id} first={first.data} cursor={first.next_cursor} filter={filterOf(about, operation, actor, hours)} />)}
      </Loaded>
    </PageFrame>
  )
}

function filterOf(tenant: string, operation: string, actor: string, hours: string): AuditFilter {
  const start = hours === '' ? '' : new Date(Date.now() - Number(hours) * 3_600_000).toISOString()
  return { tenant, operation, actor, start }
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <EmptyState icon="search" title="No entry is like that">Operations are called as in the API reference, keys by their id.</EmptyState>
  return (
    <EmptyState icon="shield" title="Nothing was changed yet" command="isolet audit --verify">
      Each change through the API leaves an entry here.
    </EmptyState>
  )
}

function Entries({ first, cursor, filter }: { first: AuditEntry[]; cursor: string | null; filter: AuditFilter }) {
  const more = useSignal<AuditEntry[]>([])
  const next = useSignal(cursor)
  const { busy, fault, act } = useAction()
  const older = (): Promise<void> =>
    act(async () => {
      const page = await listAudit(filter, next.peek() ?? '')
      more.value = [...more.peek(), ...page.data]
      next.value = page.next_cursor
    })
  return (
    <>
      <div class="rounded-xl border border-line bg-surface px-4">
        <Table caption="Changes" head={['When', 'Operation', 'Tenant', 'Target', 'Key', 'Answer>', 'Entry>']}>
          {[...first, ...more.value].map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </Table>
      </div>
      <div class="flex items-center gap-3 pt-3">
        {next.value !== null && (
          <Button busy={busy.value} onClick={() => void older()}>
            Older entries
          </Button>
        )}
        <span role="alert" class="text-sm text-bad">
          {fault.value}
        </span>
      </div>
    </>
  )
}

function Row({ entry }: { entry: AuditEntry }) {
  return (
    <tr>
      <Cell class="text-muted">
        <When at={entry.at} />
      </Cell>
      <HeadCell class="font-mono text-xs whitespace-nowrap">{entry.operation}</HeadCell>
      <Cell>{entry.tenant ?? <span class="text-muted">host</span>}</Cell>
      <Cell class="tenant-text w-full font-mono text-xs">
        {entry.target}
        {entry.subject !== null && <span class="text-muted"> → {entry.subject}</span>}
      </Cell>
      <Cell class="font-mono text-xs">
        {entry.actor === null ? (
          <span class="font-sans text-muted">operator's link</span>
        ) : (
          <a class="text-accent hover:underline" href={hrefOf('audit', [], { actor: entry.actor })} title={entry.actor}>
            {entry.actor.slice(0, 12)}…
          </a>
        )}
      </Cell>
      <Cell right>
        <Badge tone={entry.status > 0 && entry.status < 400 ? 'ok' : 'bad'} title={entry.request_id}>
          {entry.status === 0 ? 'broken off' : entry.status}
        </Badge>
      </Cell>
      <Cell right class="font-mono text-xs text-muted">
        <span title={`${entry.host}\n${entry.digest}`}>#{entry.number}</span>
      </Cell>
    </tr>
  )
}
