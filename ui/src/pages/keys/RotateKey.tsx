// Replacing a key by one of the same kind: both work for a while, so that nobody has to be quick.
import { useSignal } from '@preact/signals'
import { rotateKey } from '../../api/tenants'
import type { Key } from '../../api/types'
import { Modal } from '../../components/Dialog'
import { SelectField } from '../../components/Field'
import { Form } from '../../components/Form'

interface RotateKeyProps {
  tenant: string
  entry: Key | null
  onMade: (key: Key) => Promise<void>
  onClose: () => void
}

const GRACE = [
  { value: '0', label: 'ends at once' },
  { value: '3600', label: 'works for another hour' },
  { value: '86400', label: 'works for another day' },
  { value: '604800', label: 'works for another week' },
]

export function RotateKey({ tenant, entry, onMade, onClose }: RotateKeyProps) {
  const grace = useSignal('86400')
  return (
    <Modal open={entry !== null} title="Rotate the key" onClose={onClose}>
      <Form
        submit="Rotate"
        onCancel={onClose}
        onSubmit={async () => {
          if (entry) await onMade(await rotateKey(tenant, entry.id, Number(grace.value)))
        }}
      >
        <p class="text-sm text-muted">
          A new key with the same rights takes the place of <strong class="tenant-text text-text">{entry?.name || entry?.id}</strong>.
        </p>
        <SelectField label="The old one" value={grace.value} choices={GRACE} onChoose={(next) => (grace.value = next)} />
      </Form>
    </Modal>
  )
}
