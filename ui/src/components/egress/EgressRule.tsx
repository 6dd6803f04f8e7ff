// One egress rule as a row of fields: what it decides, for which host, ports, methods and path, and the secret it puts into a header.
import type { Rule } from '../../api/types'
import { IconButton } from '../Button'
import { SelectField, TextField } from '../Field'
import { ListField } from '../ListField'

interface EgressRuleProps {
  number: number
  last: boolean
  rule: Rule
  /** The operator's: may open addresses that are not public, and puts in no secrets. */
  ceiling: boolean
  disabled: boolean
  onChange: (rule: Rule) => void
  onMove: (by: 1 | -1) => void
  onRemove: () => void
}

export function EgressRule({ number, last, rule, ceiling, disabled, onChange, onMove, onRemove }: EgressRuleProps) {
  const [injection] = rule.inject ?? []
  const inject = (part: { header?: string; secret?: string }): void => {
    const next = { header: '', prefix: '', ...injection, secret: injection?.secret ?? '', ...part }
    onChange({ ...rule, inject: next.header === '' && next.secret === '' ? [] : [next, ...(rule.inject ?? []).slice(1)] })
  }
  return (
    <li class="py-3">
      <fieldset disabled={disabled}>
        <legend class="sr-only">Rule {number}</legend>
        <div class="grid gap-x-3 gap-y-1 sm:grid-cols-[7rem_1fr_7rem_9rem_9rem_auto]">
          <SelectField
            label="Decision"
            value={rule.action}
            choices={[
              { value: 'allow', label: 'allow' },
              { value: 'deny', label: 'deny' },
            ]}
            onChoose={(action) => onChange({ ...rule, action })}
          />
          <TextField label="Host" mono value={rule.host} onText={(host) => onChange({ ...rule, host: host.trim() })} placeholder="api.example.com or *.example.com" />
          <ListField label="Ports" value={rule.ports ?? []} parse={Number} isGood={isPort} fault="Numbers from 1 to 65535." onList={(ports) => onChange({ ...rule, ports })} placeholder="443, 80" />
          <ListField label="Methods" value={rule.methods ?? []} parse={(word) => word.toUpperCase()} onList={(methods) => onChange({ ...rule, methods })} placeholder="all" />
          <TextField label="Path prefix" mono value={rule.path_prefix ?? ''} onText={(text) => onChange({ ...rule, path_prefix: text.trim() })} placeholder="all" />
          <span class="flex items-center sm:pt-5">
            <IconButton icon="up" label={`Rule ${number} earlier`} disabled={number === 1} onClick={() => onMove(-1)} />
            <IconButton icon="down" label={`Rule ${number} later`} disabled={last} onClick={() => onMove(1)} />
            <IconButton icon="trash" label={`Remove rule ${number}`} onClick={onRemove} />
          </span>
        </div>
        {rule.action === 'allow' && ceiling && (
          <label class="flex items-center gap-2 pt-1 text-sm">
            <input type="checkbox" class="size-4 accent-accent" checked={rule.private_addresses === true} onChange={(event) => onChange({ ...rule, private_addresses: event.currentTarget.checked })} />
            Also where the host has a private address: this machine, the local network
          </label>
        )}
        {rule.action === 'allow' && !ceiling && (
          <div class="grid gap-x-3 sm:grid-cols-[7rem_1fr_1fr]">
            <span class="text-xs text-muted max-sm:hidden sm:pt-7">Puts in a secret</span>
            <TextField label="Header" mono value={injection?.header ?? ''} onText={(header) => inject({ header: header.trim() })} placeholder="authorization" />
            <TextField label="Secret by name" mono value={injection?.secret ?? ''} onText={(secret) => inject({ secret: secret.trim() })} placeholder="API_KEY" />
          </div>
        )}
      </fieldset>
    </li>
  )
}

/** What is no number stays in the list, so that it is not saved without it. */
const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536
