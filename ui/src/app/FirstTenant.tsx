// Where there is no tenant yet: makes the first one.
import { useSignal } from '@preact/signals'
import { asApiError } from '../api/problem'
import { Button } from '../components/Button'
import { EmptyState } from '../components/EmptyState'
import { slugFault } from '../text/slug'
import { addTenant } from './tenants'

export function FirstTenant() {
  const slug = useSignal('demo')
  const fault = useSignal<string | null>(null)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    fault.value = slugFault(slug.value)
    if (fault.value !== null) return
    try {
      await addTenant(slug.value)
    } catch (thrown) {
      fault.value = asApiError(thrown).message
    }
  }
  const form = (
    <form class="flex items-center gap-2" onSubmit={(event) => void submit(event)}>
      <input
        aria-label="Name of the tenant"
        aria-invalid={fault.value !== null}
        aria-describedby="tenant-fault"
        class="h-8 rounded-md border border-line-strong bg-surface px-2"
        value={slug.value}
        onInput={(event) => (slug.value = event.currentTarget.value)}
      />
      <Button look="primary" type="submit">
        Create tenant
      </Button>
    </form>
  )
  return (
    <EmptyState icon="plus" title="No tenant yet" action={form} command="isolet tenant create acme">
      Functions, runs and keys belong to a tenant: one customer of yours, sealed off from all others.
      <span id="tenant-fault" role="alert" class="mt-1 block text-bad">
        {fault.value}
      </span>
    </EmptyState>
  )
}
