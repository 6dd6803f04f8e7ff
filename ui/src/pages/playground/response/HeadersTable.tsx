// The answer's headers as they came: order, case and repetition kept.
import type { HeaderList } from '../../../api/types'
import { EmptyState } from '../../../components/EmptyState'

export function HeadersTable({ headers }: { headers: HeaderList }) {
  if (headers.length === 0) return <EmptyState icon="info" title="No headers">Either none were sent, or there was no answer.</EmptyState>
  return (
    <table class="w-full table-fixed text-left font-mono text-xs">
      <caption class="sr-only">Response headers</caption>
      <tbody>
        {headers.map(([name, value], at) => (
          // Names repeat (`set-cookie`), so only the place identifies a row.
          // oxlint-disable-next-line react/no-array-index-key
          <tr key={at} class="border-b border-line align-top">
            <th scope="row" class="tenant-text w-2/5 px-3 py-1.5 font-medium text-code-property">
              {name}
            </th>
            <td class="tenant-text py-1.5 pr-3">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
