// What became of all requests and runs since the start, outcome by outcome.
import { sumOf, type Counter } from '../../api/host'
import { OutcomeBar } from '../../components/OutcomeBar'
import { Section } from '../../components/PageFrame'
import { Cell, HeadCell, Table } from '../../components/Table'
import { count } from '../../text/format'

export function Outcomes({ counters }: { counters: Counter[] }) {
  const names = [...new Set(counters.filter(({ name }) => name === 'isolet_invocations_total').map(({ labels }) => labels['outcome'] ?? ''))]
  const rows = names
    .map((outcome) => ({ outcome, invocations: sumOf(counters, 'isolet_invocations_total', { outcome }), runs: sumOf(counters, 'isolet_runs_total', { outcome }) }))
    .filter(({ invocations, runs }) => invocations + runs > 0)
  return (
    <Section title="Outcomes" about="Requests through the ingress and the API, and runs.">
      {rows.length === 0 ? (
        <p class="py-4 text-sm text-muted">Nothing ran since the host started.</p>
      ) : (
        <>
          <div class="py-3">
            <OutcomeBar counts={Object.fromEntries(rows.map(({ outcome, invocations, runs }) => [outcome, invocations + runs]))} />
          </div>
          <Table caption="Outcomes" head={['Outcome', 'Requests>', 'Runs>']}>
            {rows.map(({ outcome, invocations, runs }) => (
              <tr key={outcome}>
                <HeadCell class="font-mono text-xs">{outcome}</HeadCell>
                <Cell right>{count(invocations)}</Cell>
                <Cell right>{count(runs)}</Cell>
              </tr>
            ))}
          </Table>
        </>
      )}
    </Section>
  )
}
