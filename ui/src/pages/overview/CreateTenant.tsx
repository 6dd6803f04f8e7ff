// The form for a new tenant.
import { useSignal } from '@preact/signals'
import { addTenant } from '../../app/tenants'
import { go, hrefOf } from '../../app/route'
import { Modal } from '../../components/Dialog'
import { TextField } from '../../components/Field'
import { Form } from '../../components/Form'
import { slugFault } from '../../text/slug'

export function CreateTenant({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Modal open={open} title="New tenant" onClose={onClose}>
      <CreateForm onClose={onClose} />
    </Modal>
  )
}

function CreateForm({ onClose }: { onClose: () => void }) {
  const slug = useSignal('')
  const plan = useSignal('')
  const fault = slug.value === '' ? null : slugFault(slug.value)
  return (
    <Form
      submit="Create"
      disabled={slug.value === '' || fault !== null}
      onCancel={onClose}
      onSubmit={async () => {
        await addTenant(slug.value, plan.value === '' ? undefined : plan.value)
        onClose()
        go(hrefOf('overview', [slug.value]))
      }}
    >
      <TextField label="Name" value={slug.value} onText={(text) => (slug.value = text.trim())} placeholder="acme" autofocus fault={fault} hint="Becomes a part of the addresses of its functions and stays as it is." />
      <TextField label="Plan" value={plan.value} onText={(text) => (plan.value = text.trim())} placeholder="default" hint="One of the plans in isolet.toml: it sets the limits." />
    </Form>
  )
}
