// Addresses of the function beyond its own: routes by host and path. The hosts themselves are assigned by the operator.
import { useSignal } from '@preact/signals'
import { deleteRoute, listRoutes, putRoute } from '../../api/functions'
import type { RouteEntry } from '../../api/types'
import { tenantPath } from '../../api/paths'
import { may } from '../../app/rights'
import { IconButton } from '../../components/Button'
import { ConfirmDialog } from '../../components/Dialog'
import { EmptyState } from '../../components/EmptyState'
import { TextField } from '../../components/Field'
import { Form } from '../../components/Form'
import { Loaded, useLoad } from '../../components/Loaded'
import { Section } from '../../components/PageFrame'
import { Cell, HeadCell, Table } from '../../components/Table'
import { apiCommand } from '../../text/commands'
import { slugFault } from '../../text/slug'

export function RoutesTab({ tenant, name }: { tenant: string; name: string }) {
  const routes = useLoad(async (signal) => (await listRoutes(tenant, signal)).filter((route) => route.function === name), [tenant, name])
  const removing = useSignal<RouteEntry | null>(null)
  return (
    <>
      <Section title="Routes" about="Requests for a host and a path prefix; the longest prefix wins.">
        <Loaded load={routes} what="The routes">
          {(list) =>
            list.length === 0 ? (
              <EmptyState icon="external" title="No route yet" command={apiCommand('PUT', tenantPath(tenant, '/routes/home'), { host: 'shop.example.com', function: name })}>
                Without one the function answers at its own address alone.
              </EmptyState>
            ) : (
              <Table caption="Routes" head={['Route', 'Host', 'Path', 'Alias', '']}>
                {list.map((route) => (
                  <tr key={route.id}>
                    <HeadCell>{route.id}</HeadCell>
                    <Cell class="font-mono text-xs">{route.host}</Cell>
                    <Cell class="tenant-text font-mono text-xs">{route.path_prefix}</Cell>
                    <Cell>{route.alias}</Cell>
                    <Cell right>{may('routes:write') && <IconButton icon="trash" label={`Remove the route ${route.id}`} onClick={() => (removing.value = route)} />}</Cell>
                  </tr>
                ))}
              </Table>
            )
          }
        </Loaded>
      </Section>
      {may('routes:write') && <NewRoute tenant={tenant} name={name} onMade={routes.reload} />}
      <ConfirmDialog
        open={removing.value !== null}
        title={`Remove the route ${removing.value?.id ?? ''}?`}
        detail="Requests for it answer 404 from then on."
        confirm="Remove"
        onConfirm={async () => {
          if (removing.value) await deleteRoute(tenant, removing.value.id)
          await routes.reload()
        }}
        onClose={() => (removing.value = null)}
      />
    </>
  )
}

function NewRoute({ tenant, name, onMade }: { tenant: string; name: string; onMade: () => Promise<void> }) {
  const id = useSignal('')
  const host = useSignal('')
  const path = useSignal('/')
  const alias = useSignal('live')
  const fault = id.value === '' ? null : slugFault(id.value)
  return (
    <Section title="New route" about="Of a host that the operator has assigned to the tenant.">
      <div class="py-3">
        <Form
          submit="Make the route"
          disabled={id.value === '' || host.value === '' || fault !== null}
          onSubmit={async () => {
            await putRoute(tenant, id.value, { host: host.value, path_prefix: path.value, function: name, alias: alias.value })
            id.value = ''
            await onMade()
          }}
        >
          <div class="grid gap-3 sm:grid-cols-4">
            <TextField label="Name" value={id.value} onText={(text) => (id.value = text.trim())} placeholder="home" fault={fault} />
            <TextField label="Host" mono value={host.value} onText={(text) => (host.value = text.trim())} placeholder="shop.example.com" />
            <TextField label="Path prefix" mono value={path.value} onText={(text) => (path.value = text.trim())} />
            <TextField label="Alias" value={alias.value} onText={(text) => (alias.value = text.trim())} />
          </div>
        </Form>
      </div>
    </Section>
  )
}
