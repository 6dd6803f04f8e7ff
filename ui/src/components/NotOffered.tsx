// What a page shows when the host has no such thing: an older host, or one that keeps none.
import { EmptyState } from './EmptyState'

export function NotOffered({ what }: { what: string }) {
  return (
    <EmptyState icon="info" title={`This host keeps no ${what}`} command="isolet --version">
      It does not know the call that this page needs. A newer version has it.
    </EmptyState>
  )
}
