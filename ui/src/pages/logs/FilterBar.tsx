// What narrows the records down. Each change goes into the address, which can be handed on.
import { useSignal } from '@preact/signals'
import { listFunctions } from '../../api/functions'
import type { LogFilter } from '../../api/logs'
import { replaceQuery } from '../../app/route'
import { FIELD_LOOK } from '../../components/Field'
import { useLoad } from '../../components/Loaded'
import { SearchField } from '../../components/SearchField'

const LEVELS: [value: string, label: string][] = [
  ['', 'All levels'],
  ['info', 'Info and worse'],
  ['warn', 'Warnings and worse'],
  ['error', 'Errors'],
]

const OUTCOMES = [
  'ok', 'exception', 'no_response', 'cpu_limit', 'wall_limit', 'memory_limit', 'stack_limit', 'output_limit', 'subrequest_limit', 'egress_denied',
  'client_disconnected', 'startup_failed', 'suspended', 'rate_limited', 'overloaded', 'internal',
]

/** A search begins when the reader stops typing. */
const TYPED_MS = 300

export function FilterBar({ tenant, filter }: { tenant: string; filter: LogFilter }) {
  const functions = useLoad((signal) => listFunctions(tenant, signal), [tenant])
  const word = useSignal(filter.query)
  const timer = useSignal<ReturnType<typeof setTimeout> | undefined>(undefined)
  const type = (text: string): void => {
    word.value = text
    clearTimeout(timer.peek())
    timer.value = setTimeout(() => replaceQuery({ query: text.trim() }), TYPED_MS)
  }
  const names = functions.value?.map(({ name }) => name) ?? []
  if (filter.function !== '' && !names.includes(filter.function)) names.push(filter.function)
  return (
    <div class="flex flex-wrap items-center gap-2 pb-3">
      <SearchField label="Search in the text" value={word.value} onText={type} />
      <Choice label="Level" value={filter.level} options={LEVELS} onChoose={(level) => replaceQuery({ level })} />
      <Choice label="Function" value={filter.function} options={[['', 'All functions'], ...names.map((name): [string, string] => [name, name])]} onChoose={(name) => replaceQuery({ function: name })} />
      <Choice label="Outcome" value={filter.outcome} options={[['', 'All outcomes'], ...OUTCOMES.map((name): [string, string] => [name, name.replaceAll('_', ' ')])]} onChoose={(outcome) => replaceQuery({ outcome })} />
      {filter.request_id !== '' && (
        <button type="button" class="flex h-8 items-center gap-1.5 rounded-md bg-accent-soft px-2.5 font-mono text-xs text-accent" onClick={() => replaceQuery({ request_id: null })}>
          {filter.request_id} <span aria-hidden="true">×</span>
          <span class="sr-only">: show all requests</span>
        </button>
      )}
    </div>
  )
}

interface ChoiceProps {
  label: string
  value: string
  options: [value: string, label: string][]
  onChoose: (value: string) => void
}

function Choice({ label, value, options, onChoose }: ChoiceProps) {
  return (
    <select aria-label={label} class={`${FIELD_LOOK} w-auto! border-line bg-surface!`} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      {options.map(([each, words]) => (
        <option key={each} value={each}>
          {words}
        </option>
      ))}
    </select>
  )
}
