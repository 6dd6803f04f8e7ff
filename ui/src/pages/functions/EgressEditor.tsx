// The function's rules for outgoing requests: in order, the first that matches decides. Saved as a whole, for the state that was looked at.
import { useSignal } from '@preact/signals'
import { getEgress, putEgress } from '../../api/functions'
import type { Tagged } from '../../api/client'
import type { Policy, Rule } from '../../api/types'
import { functionPath } from '../../api/paths'
import { may } from '../../app/rights'
import { Button } from '../../components/Button'
import { EmptyState } from '../../components/EmptyState'
import { useAction } from '../../components/Form'
import { Loaded, useLoad } from '../../components/Loaded'
import { Section } from '../../components/PageFrame'
import { apiCommand } from '../../text/commands'
import { EgressRule } from './EgressRule'

export function EgressEditor({ tenant, name }: { tenant: string; name: string }) {
  const policy = useLoad((signal) => getEgress(tenant, name, signal), [tenant, name])
  return (
    <Loaded load={policy} what="The egress rules">
      {(found) => <Editor key={found.etag} tenant={tenant} name={name} policy={found} onChanged={policy.reload} />}
    </Loaded>
  )
}

interface EditorProps {
  tenant: string
  name: string
  policy: Tagged<Policy>
  onChanged: () => Promise<void>
}

const NEW_RULE: Rule = { action: 'allow', host: '', inject: [], methods: [], path_prefix: '', ports: [], private_addresses: false }

function Editor({ tenant, name, policy: { value, etag }, onChanged }: EditorProps) {
  const rules = useSignal<Rule[]>(value.rules ?? [])
  const { busy, fault, act } = useAction()
  const writable = may('egress:write')
  const same = JSON.stringify(rules.value) === JSON.stringify(value.rules ?? [])
  const change = (at: number, rule: Rule): void => void (rules.value = rules.value.map((old, index) => (index === at ? rule : old)))
  const move = (at: number, to: number): void => {
    const next = [...rules.value]
    const [rule] = next.splice(at, 1)
    if (rule) next.splice(to, 0, rule)
    rules.value = next
  }
  const save = (): Promise<void> =>
    act(async () => {
      try {
        await putEgress(tenant, name, rules.value, etag)
      } finally {
        await onChanged()
      }
    })
  const add = (
    <Button icon="plus" disabled={!writable} onClick={() => (rules.value = [...rules.value, NEW_RULE])}>
      Add a rule
    </Button>
  )
  return (
    <Section
      title="Egress rules"
      about="From top to bottom, the first that matches decides; nothing matches: denied. The tenant's rules and the operator's ceiling have to allow it as well."
      actions={rules.value.length > 0 && add}
    >
      {rules.value.length === 0 ? (
        <EmptyState icon="blocked" title={value.rules === null ? 'The network is closed' : 'No rule: nothing may go out'} command={apiCommand('GET', functionPath(tenant, name, '/egress'))} action={add}>
          The code cannot reach anything until a rule names a host.
        </EmptyState>
      ) : (
        <ol class="divide-y divide-line">
          {rules.value.map((rule, at) => (
            // Rules have no identity beyond their place.
            // oxlint-disable-next-line react/no-array-index-key
            <EgressRule key={at} number={at + 1} last={at === rules.value.length - 1} rule={rule} disabled={!writable} onChange={(next) => change(at, next)} onMove={(by) => move(at, at + by)} onRemove={() => (rules.value = rules.value.filter((_, index) => index !== at))} />
          ))}
        </ol>
      )}
      <div class="flex flex-wrap items-center gap-3 border-t border-line py-3">
        <Button look="primary" disabled={busy.value || same || !writable || rules.value.some(({ host }) => host === '')} onClick={() => void save()}>
          Save the rules
        </Button>
        {!same && <Button onClick={() => (rules.value = value.rules ?? [])}>Discard</Button>}
        <span role="alert" class="text-sm text-bad">
          {fault.value}
        </span>
      </div>
    </Section>
  )
}
