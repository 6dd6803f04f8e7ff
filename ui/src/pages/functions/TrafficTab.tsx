// Aliases: which versions get how much of the traffic. A change is meant for the state that was looked at; another's change in between is
// noticed, not overwritten.
import { useSignal } from '@preact/signals'
import { deleteAlias, getAlias, listAliases, listVersions, putAlias } from '../../api/functions'
import { CREATE_ONLY, type Tagged } from '../../api/client'
import type { Alias, Version } from '../../api/types'
import { may } from '../../app/rights'
import { Button } from '../../components/Button'
import { ConfirmDialog } from '../../components/Dialog'
import { TextField } from '../../components/Field'
import { Form, useAction } from '../../components/Form'
import { Loaded, useLoad } from '../../components/Loaded'
import { Section } from '../../components/PageFrame'
import { useDraft } from '../../components/useDraft'
import { When } from '../../components/When'
import { slugFault } from '../../text/slug'
import { SplitEditor, type Weights, WHOLE } from './SplitEditor'

interface TrafficTabProps {
  tenant: string
  name: string
  onChanged: () => Promise<void>
}

export function TrafficTab({ tenant, name, onChanged }: TrafficTabProps) {
  const loaded = useLoad(
    async (signal) => {
      const [versions, names] = await Promise.all([listVersions(tenant, name, signal), listAliases(tenant, name, signal)])
      const aliases = await Promise.all(names.map((alias) => getAlias(tenant, name, alias.name, signal)))
      return { versions, aliases }
    },
    [tenant, name],
  )
  const changed = async (): Promise<void> => {
    await Promise.all([loaded.reload(), onChanged()])
  }
  return (
    <Loaded load={loaded} what="The aliases">
      {({ versions, aliases }) => (
        <>
          {aliases.map((alias) => (
            <AliasSection key={alias.value.name} tenant={tenant} name={name} alias={alias} versions={versions} onChanged={changed} />
          ))}
          {may('deploy') && versions[0] && <NewAlias tenant={tenant} name={name} newest={versions[0]} taken={aliases.map(({ value }) => value.name)} onChanged={changed} />}
        </>
      )}
    </Loaded>
  )
}

interface AliasSectionProps {
  tenant: string
  name: string
  alias: Tagged<Alias>
  versions: Version[]
  onChanged: () => Promise<void>
}

function AliasSection({ tenant, name, alias: { value: alias, etag }, versions, onChanged }: AliasSectionProps) {
  const weights = useDraft<Weights>(Object.fromEntries(alias.split.map(({ version, weight }) => [version, weight])), etag)
  const sticky = useDraft(alias.sticky.by, etag)
  const removing = useSignal(false)
  const { busy, fault, act } = useAction()
  const sum = Object.values(weights.value).reduce((total, weight) => total + weight, 0)
  const same = sticky.value === alias.sticky.by && JSON.stringify(weights.value) === JSON.stringify(Object.fromEntries(alias.split.map(({ version, weight }) => [version, weight])))
  const save = (): Promise<void> =>
    act(async () => {
      const split = Object.entries(weights.value).map(([version, weight]) => ({ version, weight }))
      try {
        await putAlias(tenant, name, alias.name, split, sticky.value, etag)
      } finally {
        await onChanged()
      }
    })
  return (
    <Section
      title={alias.name}
      about={
        <>
          changed <When at={alias.updated_at} />
        </>
      }
      actions={
        may('deploy') && alias.name !== 'live' ? (
          <Button class="h-7! text-xs" icon="trash" onClick={() => (removing.value = true)}>
            Remove
          </Button>
        ) : null
      }
    >
      <div class="py-3">
        <SplitEditor label={`Traffic of ${alias.name}`} weights={weights.value} versions={versions} disabled={!may('deploy')} onChange={(next) => (weights.value = next)} />
        <div class="mt-4 grid items-start gap-4 sm:grid-cols-2">
          <TextField
            label="Who stays with one version"
            mono
            value={sticky.value}
            onText={(text) => (sticky.value = text)}
            options={['none', 'header:x-user']}
            hint="none: each request is its own draw. header:x-user: the same value always gets the same version."
          />
        </div>
        <div class="mt-2 flex flex-wrap items-center gap-3">
          <Button look="primary" busy={busy.value} disabled={same || sum !== WHOLE || !may('deploy')} onClick={() => void save()}>
            Save the split
          </Button>
          {sum !== WHOLE && <span class="text-sm text-bad">Together it must be 100 %; it is {(sum / 100).toFixed(2)} %.</span>}
          <span role="alert" class="text-sm text-bad">
            {fault.value}
          </span>
        </div>
      </div>
      <ConfirmDialog
        open={removing.value}
        title={`Remove ${alias.name}?`}
        detail="Routes that lead to it answer 404 from then on. The versions stay."
        confirm="Remove"
        onConfirm={async () => {
          await deleteAlias(tenant, name, alias.name, etag)
          await onChanged()
        }}
        onClose={() => (removing.value = false)}
      />
    </Section>
  )
}

interface NewAliasProps {
  tenant: string
  name: string
  newest: Version
  taken: string[]
  onChanged: () => Promise<void>
}

function NewAlias({ tenant, name, newest, taken, onChanged }: NewAliasProps) {
  const alias = useSignal('')
  const fault = alias.value === '' ? null : taken.includes(alias.value) ? 'There is an alias of this name.' : slugFault(alias.value)
  return (
    <Section title="New alias" about={`Begins with all of its traffic on #${newest.number}. A route leads to it.`}>
      <div class="max-w-sm py-3">
        <Form
          submit="Make the alias"
          disabled={alias.value === '' || fault !== null}
          onSubmit={async () => {
            await putAlias(tenant, name, alias.value, [{ version: newest.id, weight: WHOLE }], 'none', CREATE_ONLY)
            alias.value = ''
            await onChanged()
          }}
        >
          <TextField label="Name" value={alias.value} onText={(text) => (alias.value = text.trim())} placeholder="canary" fault={fault} />
        </Form>
      </div>
    </Section>
  )
}
