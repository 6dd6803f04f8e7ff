// All functions of the tenant, with where each is reached and what is live.
import { useSignal } from '@preact/signals'
import { listFunctions } from '../../api/functions'
import { may } from '../../app/rights'
import { go, hrefOf } from '../../app/route'
import { Badge } from '../../components/Badge'
import { Button } from '../../components/Button'
import { CopyButton } from '../../components/CopyButton'
import { EmptyState } from '../../components/EmptyState'
import { Loaded, useLoad } from '../../components/Loaded'
import { PageFrame } from '../../components/PageFrame'
import { SearchField } from '../../components/SearchField'
import { Cell, HeadCell, Table } from '../../components/Table'
import { When } from '../../components/When'
import { shortVersion } from '../../text/format'

export function FunctionList({ tenant }: { tenant: string }) {
  const functions = useLoad((signal) => listFunctions(tenant, signal), [tenant])
  const word = useSignal('')
  return (
    <PageFrame
      title="Functions"
      about="Deployed code of this tenant. Each has immutable versions; aliases say which of them get the traffic."
      actions={
        <>
          <SearchField label="Find a function" value={word.value} onText={(text) => (word.value = text)} />
          {may('functions:write') && (
            <Button look="primary" icon="plus" onClick={() => go(hrefOf('playground'))}>
              New in the playground
            </Button>
          )}
        </>
      }
    >
      <Loaded load={functions} what="The functions">
        {(list) => {
          const shown = list.filter(({ name }) => name.includes(word.value.toLowerCase()))
          if (list.length === 0) {
            return (
              <EmptyState
                icon="function"
                title="No function yet"
                command={`isolet deploy --tenant ${tenant}`}
                action={
                  <Button look="primary" onClick={() => go(hrefOf('playground'))}>
                    Write one in the playground
                  </Button>
                }
              >
                Write it in the playground and deploy it from there, or deploy a project's folder.
              </EmptyState>
            )
          }
          return (
            <div class="rounded-xl border border-line bg-surface px-4">
              <Table caption="Functions" head={['Name', 'Live', 'Address', 'Changed>']}>
                {shown.map((entry) => (
                  <tr key={entry.name} class="hover:bg-raised/50">
                    <HeadCell>
                      <a class="text-accent hover:underline" href={hrefOf('functions', [entry.name])}>
                        {entry.name}
                      </a>
                    </HeadCell>
                    <Cell>
                      {entry.live_version === null ? <Badge tone="warn">nothing live</Badge> : <span class="font-mono text-xs" title={entry.live_version}>{shortVersion(entry.live_version)}</span>}
                    </Cell>
                    <Cell>
                      <span class="flex items-center gap-1">
                        <span class="truncate font-mono text-xs text-muted">{entry.url}</span>
                        <CopyButton what={`address of ${entry.name}`} text={() => entry.url} small />
                      </span>
                    </Cell>
                    <Cell right>
                      <When at={entry.updated_at} />
                    </Cell>
                  </tr>
                ))}
              </Table>
              {shown.length === 0 && <p class="py-6 text-center text-sm text-muted">No function is called that.</p>}
            </div>
          )
        }}
      </Loaded>
    </PageFrame>
  )
}
