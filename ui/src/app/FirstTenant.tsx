// Where there is no tenant yet: makes the first one.
import { useSignal } from '@preact/signals'
import { Button } from '../components/Button'
import { EmptyState } from '../components/EmptyState'
import { useAction } from '../components/Form'
import { slugFault } from '../text/slug'
import { addTenant } from './tenants'

export function FirstTenant() {
  const slug = useSignal('demo')
  const { busy, fault, act } = useAction()
  const submit = (event: Event): void => {
    event.preventDefault()
    const refused = slugFault(slug.value)
    if (refused === null) void act(() => addTenant(slug.value))
    else fault.value = refused
  }
  const form = (
    <form class="flex items-center gap-2" onSubmit={submit}>
      <input
        aria-label="Name of the tenant"
        aria-invalid={fault.value !== null}
        aria-describedby="tenant-fault"
        class="h-8 rounded-md border border-line-strong bg-surface px-2"
        value={slug.value}
        onInput={(event) => (slug.value = event.currentTarget.value)}
      />
      <Button look="primary" type="submit" busy={busy.value}>
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
