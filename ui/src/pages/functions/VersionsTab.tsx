// The versions of a function, newest first: which is live, what each changed, making one live again.
import { useSignal } from '@preact/signals'
import { deployVersion, getDiff, listVersions } from '../../api/functions'
import type { FunctionEntry, ModuleDiff, Version } from '../../api/types'
import { may } from '../../app/rights'
import { go, hrefOf } from '../../app/route'
import { Badge } from '../../components/Badge'
import { Button } from '../../components/Button'
import { DiffView, type FileChange } from '../../components/DiffView'
import { SelectField } from '../../components/Field'
import { useAction } from '../../components/Form'
import { EmptyState } from '../../components/EmptyState'
import { Loaded, useLoad } from '../../components/Loaded'
import { Section } from '../../components/PageFrame'
import { Cell, HeadCell, Table } from '../../components/Table'
import { TryBoth } from './TryBoth'
import { When } from '../../components/When'
import { bytes, milliseconds, shortVersion } from '../../text/format'

interface VersionsTabProps {
  tenant: string
  entry: FunctionEntry
  onChanged: () => Promise<void>
}

export function VersionsTab({ tenant, entry, onChanged }: VersionsTabProps) {
  const versions = useLoad((signal) => listVersions(tenant, entry.name, signal), [tenant, entry.name, entry.live_version])
  const chosen = useSignal<string | null>(null)
  const { fault, act, busy } = useAction()
  const makeLive = (version: Version): Promise<void> =>
    act(async () => {
      await deployVersion(tenant, entry.name, version.id)
      await onChanged()
    })
  return (
    <Loaded load={versions} what="The versions">
      {(list) =>
        list.length === 0 ? (
          <EmptyState icon="function" title="No version yet" command={`isolet deploy --name ${entry.name} --tenant ${tenant}`}>
            The function exists and has no code yet.
          </EmptyState>
        ) : (
          <>
            <p role="alert" class="text-sm text-bad">
              {fault.value}
            </p>
            <Section title="Versions" about="Immutable; the same code again is the same version.">
              <Table caption="Versions" head={['Number', 'Version', 'Message', 'Start-up CPU>', 'Size>', 'Made>', '']}>
                {list.map((version) => (
                  <Row
                    key={version.id}
                    version={version}
                    live={version.id === entry.live_version}
                    chosen={version.id === chosen.value}
                    busy={busy.value}
                    onShow={() => (chosen.value = chosen.value === version.id ? null : version.id)}
                    onOpen={() => go(hrefOf('playground', [], { function: entry.name, version: version.id }))}
                    onLive={() => void makeLive(version)}
                  />
                ))}
              </Table>
            </Section>
            {chosen.value !== null && <Changes key={chosen.value} tenant={tenant} name={entry.name} versions={list} version={chosen.value} />}
          </>
        )
      }
    </Loaded>
  )
}

interface RowProps {
  version: Version
  live: boolean
  chosen: boolean
  busy: boolean
  onShow: () => void
  onOpen: () => void
  onLive: () => void
}

function Row({ version, live, chosen, busy, onShow, onOpen, onLive }: RowProps) {
  return (
    <tr class={chosen ? 'bg-accent-soft' : 'hover:bg-raised/50'}>
      <HeadCell class="whitespace-nowrap">
        #{version.number} {live && <Badge tone="ok">live</Badge>}
      </HeadCell>
      <Cell>
        <span class="font-mono text-xs" title={`${version.id}\n${version.digest}`}>
          {shortVersion(version.id)}
        </span>
      </Cell>
      <Cell class="tenant-text w-full">{version.message || <span class="text-muted">no message</span>}</Cell>
      <Cell right>{milliseconds(version.startup_cpu_ms)}</Cell>
      <Cell right>{bytes(version.overlay_bytes)}</Cell>
      <Cell right>
        <When at={version.created_at} />
      </Cell>
      <Cell>
        <span class="flex justify-end gap-1.5">
          <Button class="h-7! px-2! text-xs" aria-pressed={chosen} aria-label={`Changes of version ${version.number}`} onClick={onShow}>
            Changes
          </Button>
          <Button class="h-7! px-2! text-xs" aria-label={`Open version ${version.number} in the playground`} onClick={onOpen}>
            Open
          </Button>
          {may('deploy') && (
            <Button class="h-7! px-2! text-xs" disabled={live || busy} aria-label={`Make live: version ${version.number}`} onClick={onLive}>
              Make live
            </Button>
          )}
        </span>
      </Cell>
    </tr>
  )
}

interface ChangesProps {
  tenant: string
  name: string
  versions: Version[]
  version: string
}

function Changes({ tenant, name, versions, version }: ChangesProps) {
  const at = versions.findIndex(({ id }) => id === version)
  const base = useSignal<string>(versions[at + 1]?.id ?? '')
  const diff = useLoad((signal) => getDiff(tenant, name, version, base.value || null, signal), [tenant, name, version, base.value])
  const newer = versions[at]
  const older = versions.find(({ id }) => id === base.value)
  const others = versions.filter(({ id }) => id !== version)
  return (
    <Section title={`Changes of #${versions[at]?.number ?? ''}`} about="As the server compares the two versions.">
      <div class="py-3">
        {others.length > 0 && (
          <SelectField
            label="Compared with"
            class="mb-3 max-w-xs"
            value={base.value}
            choices={[{ value: '', label: 'nothing: all of it' }, ...others.map(({ id, number, message }) => ({ value: id, label: `#${number} ${message}`.slice(0, 80) }))]}
            onChoose={(id) => (base.value = id)}
          />
        )}
        <Loaded load={diff} what="The changes">
          {(found) => (
            <>
              {found.main_module_changed && <p class="pb-2 text-sm">The main module is another one.</p>}
              {found.options_changed && <p class="pb-2 text-sm">The options changed.</p>}
              <DiffView changes={found.modules.map(fileChange).filter(({ status }) => status !== 'unchanged')} nothing="The modules are the same." />
            </>
          )}
        </Loaded>
        {may('run') && newer && older && <TryBoth key={older.id} tenant={tenant} older={older} newer={newer} />}
      </div>
    </Section>
  )
}

function fileChange(module: ModuleDiff): FileChange {
  const status = module.status === 'added' || module.status === 'removed' || module.status === 'unchanged' ? module.status : 'changed'
  return { name: module.name, status, added: module.added_lines, removed: module.removed_lines, unified: module.unified === null ? null : bodyOf(module.unified), omitted: module.omitted ?? null }
}

/** Without the two lines that name the files: the heading does. */
function bodyOf(unified: string): string {
  return unified.replace(/^--- .*\n\+\+\+ .*\n/, '').trimEnd()
}
