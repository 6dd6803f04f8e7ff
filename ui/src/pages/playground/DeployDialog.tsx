// Deploying the code of the editor: first what would change, then to which function, and with traffic or without. Run never does this.
import { useSignal } from '@preact/signals'
import { addVersion, deployVersion, getFunction, getSource, listFunctions, putFunction } from '../../api/functions'
import type { FunctionEntry, Modules, VersionSource } from '../../api/types'
import { hrefOf } from '../../app/route'
import { Modal } from '../../components/Dialog'
import { changesOf, DiffView } from '../../components/DiffView'
import { TextField } from '../../components/Field'
import { Form } from '../../components/Form'
import { Loaded, useLoad } from '../../components/Loaded'
import { Segmented } from '../../components/Segmented'
import { slugFault } from '../../text/slug'
import { codeOf, optionsOf } from './state/code'
import { usePlayground } from './state/playground'

export function DeployDialog() {
  const { deploying } = usePlayground()
  return (
    <Modal open={deploying.value} title="Deploy" wide onClose={() => (deploying.value = false)}>
      <Deploy />
    </Modal>
  )
}

type Traffic = 'live' | 'none'

function Deploy() {
  const { tenant, draft, deploying, announcement } = usePlayground()
  const functions = useLoad((signal) => listFunctions(tenant, signal), [tenant])
  const name = useSignal(draft.functionName.peek() ?? '')
  const message = useSignal('')
  const traffic = useSignal<Traffic>('live')
  const existing = functions.value?.find((entry) => entry.name === name.value) ?? null
  const fault = name.value === '' ? null : slugFault(name.value)

  const submit = async (): Promise<void> => {
    const to = name.value
    const beside = draft.beside.peek()
    const code = { ...codeOf(draft.modules.peek(), draft.mainModule.peek(), beside), ...optionsOf(beside) }
    if (!existing) await putFunction(tenant, to)
    const version = await addVersion(tenant, to, code, message.value)
    if (traffic.value === 'live') await deployVersion(tenant, to, version.id)
    const { url } = await getFunction(tenant, to)
    draft.functionName.value = to
    deploying.value = false
    announcement.value = traffic.value === 'live' ? `Version ${version.number} of ${to} is live at ${url}` : `Version ${version.number} of ${to} is built and gets no traffic yet.`
  }
  return (
    <Form submit={traffic.value === 'live' ? 'Deploy' : 'Build the version'} disabled={name.value === '' || fault !== null} onSubmit={submit} onCancel={() => (deploying.value = false)}>
      <div class="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Function"
          value={name.value}
          onText={(text) => (name.value = text.trim())}
          options={functions.value?.map((entry) => entry.name) ?? []}
          placeholder="hello"
          autofocus
          fault={fault}
          hint={existing ? 'Gets a new version.' : name.value === '' ? 'A new name makes a new function.' : 'Will be made.'}
        />
        <TextField label="Message" value={message.value} onText={(text) => (message.value = text)} placeholder="What changed, for the list of versions" />
      </div>
      <div class="flex flex-wrap items-center gap-3">
        <Segmented
          label="Traffic"
          choices={[
            { value: 'live', label: 'All traffic of live' },
            { value: 'none', label: 'No traffic yet' },
          ]}
          value={traffic.value}
          onChange={(next) => (traffic.value = next)}
        />
        {existing && (
          <a class="text-sm text-accent hover:underline" href={hrefOf('functions', [existing.name])}>
            Versions of {existing.name}
          </a>
        )}
      </div>
      <Loaded load={functions} what="The functions">
        {() =>
          existing ? <Changes key={existing.name} tenant={tenant} target={existing} modules={draft.modules.value} /> : <DiffView changes={changesOf({}, draft.modules.value)} nothing="" />
        }
      </Loaded>
    </Form>
  )
}

function Changes({ tenant, target, modules }: { tenant: string; target: FunctionEntry; modules: Modules }) {
  const live = target.live_version
  const source = useLoad<VersionSource | 'none'>((signal) => (live === null ? Promise.resolve('none' as const) : getSource(tenant, target.name, live, signal)), [tenant, target.name, live])
  return (
    <Loaded load={source} what="The code that is live">
      {(code) => <DiffView changes={changesOf(code === 'none' ? {} : textsOf(code), modules)} nothing="Nothing changed: this code is live already." />}
    </Loaded>
  )
}

/** Modules with a type of their own are compared as they were sent. */
export function textsOf(code: VersionSource): Modules {
  return Object.fromEntries(Object.entries(code.modules).map(([name, module]) => [name, typeof module === 'string' ? module : JSON.stringify(module, null, 2)]))
}
