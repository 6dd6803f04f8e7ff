// A moment as `5 min ago`, with the full date and time as its title.
import { ago, moment } from '../text/format'

export function When({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <span class="text-muted">never</span>
  return (
    <time dateTime={at} title={moment(at)} class="whitespace-nowrap">
      {ago(at)}
    </time>
  )
}
