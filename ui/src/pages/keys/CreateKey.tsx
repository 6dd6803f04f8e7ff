// The form for a new key: a preset, narrowed down by scopes, functions, networks and an end. Nobody mints more than they hold; the server sees to it.
import { useSignal } from '@preact/signals'
import { createKey } from '../../api/tenants'
import type { Key, NewKey, Preset, Scope } from '../../api/types'
import { session } from '../../auth/session'
import { Modal } from '../../components/Dialog'
import { SelectField, TextField } from '../../components/Field'
import { Form } from '../../components/Form'

interface CreateKeyProps {
  tenant: string
  open: boolean
  onMade: (key: Key) => Promise<void>
  onClose: () => void
}

const PRESETS: { value: Preset; label: string }[] = [
  { value: 'deployer', label: 'deployer: code, versions, deploys' },
  { value: 'invoke-only', label: 'invoke-only: calls functions' },
  { value: 'read-only', label: 'read-only: looks, changes nothing' },
  { value: 'tenant', label: 'tenant: everything of this tenant' },
]

const DAYS = [
  { value: '', label: 'never' },
  { value: '1', label: 'in a day' },
  { value: '30', label: 'in 30 days' },
  { value: '90', label: 'in 90 days' },
  { value: '365', label: 'in a year' },
]

const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '')

export function CreateKey({ open, onClose, ...rest }: CreateKeyProps) {
  return (
    <Modal open={open} title="New key" onClose={onClose}>
      <CreateForm onClose={onClose} {...rest} />
    </Modal>
  )
}

function CreateForm({ tenant, onMade, onClose }: Omit<CreateKeyProps, 'open'>) {
  const name = useSignal('')
  const preset = useSignal<Preset>('deployer')
  const days = useSignal('')
  const functions = useSignal('')
  const networks = useSignal('')
  const scopes = useSignal<ReadonlySet<Scope>>(new Set())
  const submit = async (): Promise<void> => {
    const wanted: NewKey = { name: name.value, preset: preset.value }
    const globs = wordsOf(functions.value)
    const blocks = wordsOf(networks.value)
    if (globs.length > 0) wanted.functions = globs
    if (blocks.length > 0) wanted.cidr = blocks
    if (scopes.value.size > 0) wanted.scopes = [...scopes.value]
    if (days.value !== '') wanted.expires_at = new Date(Date.now() + Number(days.value) * 86_400_000).toISOString()
    await onMade(await createKey(tenant, wanted))
  }
  const toggle = (scope: Scope): void => {
    const next = new Set(scopes.value)
    if (!next.delete(scope)) next.add(scope)
    scopes.value = next
  }
  return (
    <Form submit="Make the key" onSubmit={submit} onCancel={onClose} disabled={name.value.trim() === ''}>
      <TextField label="Name" value={name.value} onText={(text) => (name.value = text)} placeholder="build server" autofocus hint="To tell it from the others; shown in the list and in the audit." />
      <SelectField label="May" value={preset.value} choices={PRESETS} onChoose={(next) => (preset.value = next)} />
      <div class="grid gap-3 sm:grid-cols-2">
        <SelectField label="Ends" value={days.value} choices={DAYS} onChoose={(next) => (days.value = next)} />
        <TextField label="Functions" mono value={functions.value} onText={(text) => (functions.value = text)} placeholder="all" hint="Names or patterns: shop-*" />
      </div>
      <TextField label="Networks" mono value={networks.value} onText={(text) => (networks.value = text)} placeholder="from everywhere" hint="Good from these alone: 10.0.0.0/8, 2001:db8::/32 or single addresses." />
      <details class="rounded-lg border border-line px-3 py-2">
        <summary class="text-sm font-medium">Only some of the preset's scopes{scopes.value.size > 0 && `: ${scopes.value.size}`}</summary>
        <div class="grid grid-cols-2 gap-x-3 pt-2 sm:grid-cols-3">
          {(session.value?.scopes ?? []).map((scope) => (
            <label key={scope} class="flex min-h-7 items-center gap-1.5 font-mono text-xs">
              <input type="checkbox" class="size-6 shrink-0 p-1 accent-accent-fill" checked={scopes.value.has(scope)} onChange={() => toggle(scope)} />
              {scope}
            </label>
          ))}
        </div>
      </details>
    </Form>
  )
}
