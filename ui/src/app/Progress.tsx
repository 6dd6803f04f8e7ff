// The line under the top bar while a call takes its time. It lies over the page: nothing moves for it.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { pending } from '../components/pending'

/** What is there sooner needs no sign of progress. */
const NOTICED_MS = 300

export function Progress() {
  const late = useSignal(false)
  const busy = pending.value > 0
  useEffect(() => {
    late.value = false
    if (!busy) return
    const timer = setTimeout(() => (late.value = true), NOTICED_MS)
    return () => clearTimeout(timer)
  }, [busy])
  return (
    <div class="relative z-20 h-0" data-testid="pending" data-count={pending.value}>
      {busy && late.value && <div role="progressbar" aria-label="Waiting for the host" class="progress absolute inset-x-0 top-0 h-0.5" />}
    </div>
  )
}
