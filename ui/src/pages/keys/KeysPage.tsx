// The tenant's API keys: what each may do, when it was used last, rotating and revoking. A key's secret is shown once, by what made it.
import { useSignal } from '@preact/signals'
import { listKeys, revokeKey } from '../../api/tenants'
import type { Key } from '../../api/types'
import type { PageProps } from '../../app/pages'
import { may } from '../../app/rights'
import { Badge } from '../../components/Badge'
import { Button } from '../../components/Button'
import { ConfirmDialog } from '../../components/Dialog'
import { EmptyState } from '../../components/EmptyState'
import { Loaded, useLoad } from '../../components/Loaded'
import { PageFrame } from '../../components/PageFrame'
import { Cell, HeadCell, Table } from '../../components/Table'
import { When } from '../../components/When'
import { CreateKey } from './CreateKey'
import { RotateKey } from './RotateKey'
import { SecretOnce } from './SecretOnce'

type Dialog = { kind: 'create' } | { kind: 'rotate'; key: Key } | { kind: 'revoke'; key: Key }

export default function KeysPage({ tenant }: PageProps) {
  const keys = useLoad((signal) => listKeys(tenant, signal), [tenant])
  const dialog = useSignal<Dialog | null>(null)
  const made = useSignal<Key | null>(null)
  const now = dialog.value
  const adopt = async (key: Key): Promise<void> => {
    dialog.value = null
    made.value = key
    await keys.reload()
  }
  const create = may('keys:write') && (
    <Button look="primary" icon="plus" onClick={() => (dialog.value = { kind: 'create' })}>
      New key
    </Button>
  )
  return (
    <PageFrame title="Keys" about="For programs and people that call the API for this tenant. Only a digest is stored: a lost key is replaced, not recovered." actions={keys.value?.length !== 0 && create}>
      <Loaded load={keys} what="The keys">
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon="key" title="No key yet" command={`isolet key create deployer --tenant ${tenant}`} action={create}>
              A deployer's key is enough for a build server, an invoke-only key for a backend that calls functions.
            </EmptyState>
          ) : (
            <div class="rounded-xl border border-line bg-surface px-4">
              <Table caption="Keys" head={['Name', 'May', 'Functions', 'From', 'Used last', 'Ends', 'Made>', '']}>
                {list.map((key) => (
                  <Row key={key.id} entry={key} onRotate={() => (dialog.value = { kind: 'rotate', key })} onRevoke={() => (dialog.value = { kind: 'revoke', key })} />
                ))}
              </Table>
            </div>
          )
        }
      </Loaded>
      <CreateKey tenant={tenant} open={now?.kind === 'create'} onMade={adopt} onClose={() => (dialog.value = null)} />
      <RotateKey tenant={tenant} entry={now?.kind === 'rotate' ? now.key : null} onMade={adopt} onClose={() => (dialog.value = null)} />
      <SecretOnce entry={made.value} onClose={() => (made.value = null)} />
      <ConfirmDialog
        open={now?.kind === 'revoke'}
        title={`Revoke ${now?.kind === 'revoke' ? nameOf(now.key) : ''}?`}
        detail="Whoever uses it is refused from the next request on. This cannot be undone."
        confirm="Revoke"
        onConfirm={async () => {
          if (now?.kind === 'revoke') await revokeKey(tenant, now.key.id)
          await keys.reload()
        }}
        onClose={() => (dialog.value = null)}
      />
    </PageFrame>
  )
}

function Row({ entry, onRotate, onRevoke }: { entry: Key; onRotate: () => void; onRevoke: () => void }) {
  const ended = entry.expires_at !== null && Date.parse(entry.expires_at) <= Date.now()
  return (
    <tr>
      <HeadCell>
        <span class="tenant-text">{nameOf(entry)}</span>
        <span class="block font-mono text-2xs font-normal text-muted">{entry.id}</span>
      </HeadCell>
      <Cell>
        <span title={entry.scopes.join('\n')}>
          <Badge>{entry.preset}</Badge> <span class="text-xs text-muted">{entry.scopes.length} scopes</span>
        </span>
      </Cell>
      <Cell class="tenant-text font-mono text-xs">{(entry.functions ?? []).join(', ') || 'all'}</Cell>
      <Cell class="font-mono text-xs">{(entry.cidr ?? []).join(', ') || 'everywhere'}</Cell>
      <Cell>
        <When at={entry.last_used_at} />
      </Cell>
      <Cell>{entry.expires_at === null ? <span class="text-muted">never</span> : ended ? <Badge tone="bad">ended</Badge> : <Until at={entry.expires_at} />}</Cell>
      <Cell right>
        <When at={entry.created_at} />
      </Cell>
      <Cell>
        {may('keys:write') && (
          <span class="flex justify-end gap-1.5">
            <Button class="h-7! px-2! text-xs" aria-label={`Rotate ${nameOf(entry)}`} onClick={onRotate}>
              Rotate
            </Button>
            <Button look="danger" class="h-7! px-2! text-xs" aria-label={`Revoke ${nameOf(entry)}`} onClick={onRevoke}>
              Revoke
            </Button>
          </span>
        )}
      </Cell>
    </tr>
  )
}

function Until({ at }: { at: string }) {
  return (
    <time dateTime={at} class="whitespace-nowrap">
      {new Date(at).toLocaleDateString(undefined, { dateStyle: 'medium' })}
    </time>
  )
}

export const nameOf = (key: Key): string => (key.name === '' ? key.id : key.name)
