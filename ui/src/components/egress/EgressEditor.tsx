// Rules for outgoing requests, whoever they are of: in order, the first that matches decides. Saved as a whole, for the state that was looked at.
import { useSignal } from '@preact/signals'
import type { Tagged } from '../../api/client'
import { deleteEgress, egressPath, getEgress, putEgress, type EgressOwner } from '../../api/egress'
import type { Policy, Rule } from '../../api/types'
import { apiCommand } from '../../text/commands'
import { Button } from '../Button'
import { ConfirmDialog } from '../Dialog'
import { EmptyState } from '../EmptyState'
import { useAction } from '../Form'
import { Loaded, useLoad } from '../Loaded'
import { Section } from '../PageFrame'
import { useDraft } from '../useDraft'
import { EgressRule } from './EgressRule'

interface Words {
  title: string
  about: string
  /** Where nothing was ever set, and where it was set that nothing may go out. */
  unset: [title: string, detail: string]
  closed: [title: string, detail: string]
  /** What it means to take the rules away again. */
  removed: string
}

const WORDS: Record<EgressOwner['kind'], Words> = {
  function: {
    title: 'Egress rules',
    about: "From top to bottom, the first that matches decides; nothing matches: denied. The tenant's rules and the operator's ceiling have to allow it as well.",
    unset: ['The network is closed', 'The code cannot reach anything until a rule names a host, here or for the tenant.'],
    closed: ['No rule: nothing may go out', 'The code cannot reach anything until a rule names a host.'],
    removed: "The function has no rules of its own then: the tenant's decide, and without those nothing goes out.",
  },
  tenant: {
    title: "The tenant's egress rules",
    about: "For all its functions and runs, together with rules of their own. The operator's ceiling has to allow it as well.",
    unset: ['No rules for the tenant as a whole', "Each function's own rules decide, below the ceiling."],
    closed: ['Nothing may go out', 'Whatever the rules of its functions say: no rule of the tenant allows it.'],
    removed: "Each function's own rules decide alone then, below the ceiling.",
  },
  ceiling: {
    title: 'Ceiling',
    about: 'What the tenant can open at most. Rules of the tenant and of its functions only narrow it.',
    unset: ["The host's ceiling", 'As isolet.toml has it for all tenants: by default every public host on ports 80 and 443.'],
    closed: ['Nothing may go out', 'Whatever the tenant and its functions allow.'],
    removed: "The host's own ceiling from isolet.toml counts for the tenant then.",
  },
}

interface EgressEditorProps {
  owner: EgressOwner
  writable: boolean
}

export function EgressEditor({ owner, writable }: EgressEditorProps) {
  const policy = useLoad((signal) => getEgress(owner, signal), [egressPath(owner)])
  return (
    <Loaded load={policy} what={WORDS[owner.kind].title}>
      {(found) => <Editor owner={owner} writable={writable} policy={found} onChanged={policy.reload} />}
    </Loaded>
  )
}

interface EditorProps extends EgressEditorProps {
  policy: Tagged<Policy>
  onChanged: () => Promise<void>
}

const NEW_RULE: Rule = { action: 'allow', host: '', inject: [], methods: [], path_prefix: '', ports: [], private_addresses: false }

function Editor({ owner, writable, policy: { value, etag }, onChanged }: EditorProps) {
  const words = WORDS[owner.kind]
  const rules = useDraft<Rule[]>(value.rules ?? [], etag)
  const removing = useSignal(false)
  const { busy, fault, act } = useAction()
  const same = JSON.stringify(rules.value) === JSON.stringify(value.rules ?? [])
  const save = (): Promise<void> =>
    act(async () => {
      try {
        await putEgress(owner, rules.value, etag)
      } finally {
        await onChanged()
      }
    })
  const add = (
    <Button icon="plus" disabled={!writable} onClick={() => (rules.value = [...rules.value, NEW_RULE])}>
      Add a rule
    </Button>
  )
  const [title, detail] = value.rules === null ? words.unset : words.closed
  return (
    <Section title={words.title} about={words.about} actions={rules.value.length > 0 && add}>
      {rules.value.length === 0 ? (
        <EmptyState icon="blocked" title={title} command={apiCommand('GET', egressPath(owner))} action={add}>
          {detail}
        </EmptyState>
      ) : (
        <RuleList kind={owner.kind} rules={rules.value} disabled={!writable} onChange={(next) => (rules.value = next)} />
      )}
      <div class="flex flex-wrap items-center gap-3 border-t border-line py-3">
        <Button look="primary" busy={busy.value} disabled={same || !writable || rules.value.some(({ host }) => host === '')} onClick={() => void save()}>
          Save the rules
        </Button>
        {!same && <Button onClick={() => (rules.value = value.rules ?? [])}>Discard</Button>}
        <span role="alert" class="min-w-0 flex-1 text-sm text-bad">
          {fault.value}
        </span>
        {value.rules !== null && writable && (
          <Button look="ghost" icon="trash" onClick={() => (removing.value = true)}>
            Remove all rules
          </Button>
        )}
      </div>
      <ConfirmDialog
        open={removing.value}
        title="Remove all rules?"
        detail={words.removed}
        confirm="Remove"
        onConfirm={async () => {
          await deleteEgress(owner, etag)
          await onChanged()
        }}
        onClose={() => (removing.value = false)}
      />
    </Section>
  )
}

interface RuleListProps {
  kind: EgressOwner['kind']
  rules: Rule[]
  disabled: boolean
  onChange: (rules: Rule[]) => void
}

function RuleList({ kind, rules, disabled, onChange }: RuleListProps) {
  const move = (at: number, to: number): void => {
    const next = [...rules]
    const [rule] = next.splice(at, 1)
    if (rule) next.splice(to, 0, rule)
    onChange(next)
  }
  return (
    <ol class="divide-y divide-line">
      {rules.map((rule, at) => (
        // Rules have no identity beyond their place.
        // oxlint-disable-next-line react/no-array-index-key
        <EgressRule
          // oxlint-disable-next-line react/no-array-index-key
          key={at}
          number={at + 1}
          last={at === rules.length - 1}
          rule={rule}
          ceiling={kind === 'ceiling'}
          disabled={disabled}
          onChange={(next) => onChange(rules.map((old, index) => (index === at ? next : old)))}
          onMove={(by) => move(at, at + by)}
          onRemove={() => onChange(rules.filter((_, index) => index !== at))}
        />
      ))}
    </ol>
  )
}
