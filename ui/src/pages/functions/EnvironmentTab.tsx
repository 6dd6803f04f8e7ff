// What the code finds in `env`: variables, which can be read back, and secrets, which nobody can.
import { useSignal } from '@preact/signals'
import { deleteSecret, deleteVariable, listSecrets, listVariables, putSecret, setVariable } from '../../api/functions'
import { functionPath } from '../../api/paths'
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

interface Props {
  tenant: string
  name: string
}

export function EnvironmentTab({ tenant, name }: Props) {
  return (
    <>
      <Variables tenant={tenant} name={name} />
      <Secrets tenant={tenant} name={name} />
    </>
  )
}

function Variables({ tenant, name }: Props) {
  const variables = useLoad((signal) => listVariables(tenant, name, signal), [tenant, name])
  const removing = useSignal<string | null>(null)
  return (
    <Section title="Variables" about="Strings in env, from the next request on.">
      <Loaded load={variables} what="The variables">
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon="function" title="No variable yet" command={apiCommand('POST', functionPath(tenant, name, '/env'), { name: 'NAME', value: '…' })} />
          ) : (
            <Table caption="Variables" head={['Name', 'Value', '']}>
              {list.map((variable) => (
                <tr key={variable.name}>
                  <HeadCell class="font-mono text-xs whitespace-nowrap">{variable.name}</HeadCell>
                  <Cell class="tenant-text w-full font-mono text-xs">{variable.value}</Cell>
                  <Cell right>{may('env:write') && <IconButton icon="trash" label={`Remove ${variable.name}`} onClick={() => (removing.value = variable.name)} />}</Cell>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      {may('env:write') && (
        <PairForm
          submit="Set the variable"
          onSubmit={async (variable, value) => {
            await setVariable(tenant, name, { name: variable, value })
            await variables.reload()
          }}
        />
      )}
      <ConfirmDialog
        open={removing.value !== null}
        title={`Remove ${removing.value ?? ''}?`}
        detail="The code no longer finds it from the next request on."
        confirm="Remove"
        onConfirm={async () => {
          await deleteVariable(tenant, name, removing.value ?? '')
          await variables.reload()
        }}
        onClose={() => (removing.value = null)}
      />
    </Section>
  )
}

function Secrets({ tenant, name }: Props) {
  const secrets = useLoad((signal) => listSecrets(tenant, name, signal), [tenant, name])
  const removing = useSignal<string | null>(null)
  return (
    <Section title="Secrets" about="Written, never shown again, and not in env: an egress rule puts one into a header of an outgoing request, outside of the code.">
      <Loaded load={secrets} what="The secrets">
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon="key" title="No secret yet" command={apiCommand('PUT', functionPath(tenant, name, '/secrets/API_KEY'), { value: '…' })} />
          ) : (
            <Table caption="Secrets" head={['Name', 'Value', '']}>
              {list.map((secret) => (
                <tr key={secret.name}>
                  <HeadCell class="font-mono text-xs whitespace-nowrap">{secret.name}</HeadCell>
                  <Cell class="w-full text-muted">is set; nobody can read it</Cell>
                  <Cell right>{may('secrets:write') && <IconButton icon="trash" label={`Remove the secret ${secret.name}`} onClick={() => (removing.value = secret.name)} />}</Cell>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      {may('secrets:write') && (
        <PairForm
          submit="Set the secret"
          secret
          onSubmit={async (secret, value) => {
            await putSecret(tenant, name, secret, value)
            await secrets.reload()
          }}
        />
      )}
      <ConfirmDialog
        open={removing.value !== null}
        title={`Remove the secret ${removing.value ?? ''}?`}
        detail="Egress rules that put it into a header deny their requests from then on."
        confirm="Remove"
        onConfirm={async () => {
          await deleteSecret(tenant, name, removing.value ?? '')
          await secrets.reload()
        }}
        onClose={() => (removing.value = null)}
      />
    </Section>
  )
}

interface PairFormProps {
  submit: string
  secret?: boolean
  onSubmit: (name: string, value: string) => Promise<void>
}

function PairForm({ submit, secret = false, onSubmit }: PairFormProps) {
  const name = useSignal('')
  const value = useSignal('')
  return (
    <div class="border-t border-line py-3">
      <Form
        submit={submit}
        disabled={name.value === '' || (secret && value.value === '')}
        onSubmit={async () => {
          await onSubmit(name.value, value.value)
          name.value = ''
          value.value = ''
        }}
      >
        <div class="grid gap-3 sm:grid-cols-2">
          <TextField label={secret ? 'Name of the secret' : 'Name of the variable'} mono value={name.value} onText={(text) => (name.value = text.trim())} placeholder={secret ? 'API_KEY' : 'NAME'} />
          <TextField label={secret ? 'Secret' : 'Value'} mono type={secret ? 'password' : 'text'} value={value.value} onText={(text) => (value.value = text)} hint="A name that is there already gets the new value." />
        </div>
      </Form>
    </div>
  )
}
