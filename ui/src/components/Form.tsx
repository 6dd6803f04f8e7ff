// A form that calls the API: busy while it does, with the refusal next to its buttons. What is asked is the caller's.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { asApiError } from '../api/problem'
import { Button } from './Button'
import { awaited } from './pending'

interface FormProps {
  submit: string
  /** Throws `ApiError` when it was refused; then the form stays as it is. */
  onSubmit: () => Promise<void>
  onCancel?: () => void
  disabled?: boolean
  danger?: boolean
  children: ComponentChildren
}

export function Form({ submit, onSubmit, onCancel, disabled = false, danger = false, children }: FormProps) {
  const { busy, fault, act } = useAction()
  return (
    <form
      class="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        void act(onSubmit)
      }}
    >
      {children}
      <div class="flex flex-wrap items-center justify-end gap-2">
        <p role="alert" class="mr-auto min-w-0 text-sm text-bad">
          {fault.value}
        </p>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Button look={danger ? 'danger' : 'primary'} type="submit" busy={busy.value} disabled={disabled}>
          {submit}
        </Button>
      </div>
    </form>
  )
}

/** One call at a time, with its state as signals: `fault` is a sentence, or `null`. */
export function useAction() {
  const busy = useSignal(false)
  const fault = useSignal<string | null>(null)
  const act = async (call: () => Promise<void>): Promise<void> => {
    if (busy.peek()) return
    busy.value = true
    fault.value = null
    try {
      await awaited(call)
    } catch (thrown) {
      fault.value = sentence(thrown)
    } finally {
      busy.value = false
    }
  }
  return { busy, fault, act }
}

/** The problem's own words, with those about single fields. */
export function sentence(thrown: unknown): string {
  const error = asApiError(thrown)
  if (error.status === 412) return 'Somebody else changed this meanwhile. It was loaded anew: look, then try again.'
  if (error.status === 403) return `${error.message} This key lacks the right; sign in with one that has it.`
  const items = error.items.map(({ detail }) => detail).filter((detail) => detail !== error.message)
  return [error.message, ...items].join(' ')
}
