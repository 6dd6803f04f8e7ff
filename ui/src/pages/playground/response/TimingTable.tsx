// Every figure of the run, as a table: the same as the bar above, for reading and for screen readers.
import { PHASES } from '../../../api/types'
import { bytes, milliseconds } from '../../../text/format'
import { usePlayground } from '../state/playground'
import { PHASE_FILL, phaseMs } from './Figures'

const MEANING = {
  front_end: 'types taken off, modules resolved',
  compile: 'modules to bytecode, in a sealed instance',
  build: 'their start-up, in another, and the memory it left',
  instantiate: 'a fresh instance for this run alone',
  run: 'from the request to the last byte of the answer',
}

export function TimingTable() {
  const { runner } = usePlayground()
  const view = runner.view.value
  const { timing, usage, id, version } = view.result ?? {}
  const rows: [name: string, value: string, meaning: string][] = [
    ['first byte', milliseconds(timing?.ttfb_ms), 'until the answer began'],
    ['total', milliseconds(timing?.total_ms), 'as the server saw it'],
    ['CPU', milliseconds(usage?.cpu_ms), "the thread's own clock, inside the guest"],
    ['start-up CPU', milliseconds(usage?.startup_cpu_ms), 'spent once, when the code was built'],
    ['peak memory', bytes(usage?.memory_peak_bytes), "the instance's linear memory"],
    ['sent out', bytes(usage?.egress_bytes), 'by fetch() calls of the code'],
  ]
  return (
    <div class="p-3">
      <table class="w-full text-left text-sm">
        <caption class="sr-only">Timing and usage of this run</caption>
        <tbody>
          {PHASES.map((phase) => (
            <Row key={phase} name={phase.replace('_', ' ')} value={milliseconds(phaseMs(view, phase))} meaning={MEANING[phase]} dot={PHASE_FILL[phase]} />
          ))}
          {rows.map(([name, value, meaning]) => (
            <Row key={name} name={name} value={value} meaning={meaning} />
          ))}
        </tbody>
      </table>
      {id !== undefined && (
        <p class="mt-3 font-mono text-2xs break-all text-muted">
          {id}
          {version && <> · {version}</>}
        </p>
      )}
    </div>
  )
}

function Row({ name, value, meaning, dot }: { name: string; value: string; meaning: string; dot?: string }) {
  return (
    <tr class="border-b border-line last:border-0">
      <th scope="row" class="py-1.5 pr-3 font-medium whitespace-nowrap">
        <span class={`mr-1.5 inline-block size-2 rounded-sm ${dot ?? ''}`} aria-hidden="true" />
        {name}
      </th>
      <td class="py-1.5 pr-4 text-right whitespace-nowrap tabular-nums">{value}</td>
      <td class="w-full py-1.5 text-xs text-muted">{meaning}</td>
    </tr>
  )
}
