// The sign-in form: an API key, exchanged for a session. Nothing here remembers the key.
import { useSignal } from '@preact/signals'
import { asApiError } from '../api/problem'
import { Logo } from '../app/Logo'
import { Button } from '../components/Button'
import { Command } from '../components/EmptyState'
import { Notice } from '../components/Notice'
import { signInWithKey } from './session'

export function SignIn({ reason }: { reason: string | null }) {
  const key = useSignal('')
  const busy = useSignal(false)
  const fault = useSignal<string | null>(null)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (busy.peek()) return
    const typed = key.value.trim()
    if (typed === '') {
      fault.value = 'Paste a key first.'
      return
    }
    busy.value = true
    fault.value = null
    try {
      await signInWithKey(typed)
    } catch (thrown) {
      const error = asApiError(thrown)
      fault.value = error.status === 401 ? 'This key is not known here, or was revoked. Check that all of it was copied.' : error.message
    } finally {
      busy.value = false
    }
  }
  return (
    <main class="flex h-full items-center justify-center overflow-y-auto p-4">
      <div class="w-full max-w-md rounded-2xl border border-line bg-surface p-7 shadow-float">
        <Logo />
        <h1 class="mt-5 text-xl font-semibold tracking-tight">Sign in to the console</h1>
        <p class="mt-1 text-sm text-muted">With any API key. The console trades it for a short session and does not keep it.</p>
        {reason !== null && (
          <div class="mt-4">
            <Notice tone="warn">{reason}</Notice>
          </div>
        )}
        <form class="mt-5" onSubmit={(event) => void submit(event)}>
          <label for="key" class="text-sm font-medium">
            API key
          </label>
          <input
            id="key"
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="isl_…"
            aria-invalid={fault.value !== null}
            aria-describedby="key-fault"
            class={`mt-1 h-10 w-full rounded-lg border bg-sunken px-3 font-mono text-sm ${fault.value === null ? 'border-line-strong' : 'border-bad'}`}
            value={key.value}
            onInput={(event) => (key.value = event.currentTarget.value)}
          />
          <p id="key-fault" role="alert" class="mt-1 min-h-5 text-sm text-bad">
            {fault.value}
          </p>
          <Button look="primary" type="submit" class="mt-1 h-10! w-full" busy={busy.value}>
            Sign in
          </Button>
        </form>
        <div class="mt-6 border-t border-line pt-4 text-sm text-muted">
          <p class="pb-2">
            On the machine that runs <code class="font-mono text-xs">isolet up</code>, the admin key is in a file:
          </p>
          <Command text="cat .isolet/admin.key" />
          <p class="pt-2">Or restart it and open the sign-in link that it prints; a link works once, for 15 minutes.</p>
        </div>
      </div>
    </main>
  )
}
