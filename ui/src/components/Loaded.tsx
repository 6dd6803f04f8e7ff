// What a page loads: a skeleton until it is there, the fault with a way to try again, then the content. The call is the caller's.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useRef } from 'preact/hooks'
import { asApiError, type ApiError } from '../api/problem'
import { Button } from './Button'
import { Notice } from './Notice'
import { awaited } from './pending'

export interface Load<T> {
  /** The last answer; stays while a newer one is on its way. */
  value: T | null
  error: ApiError | null
  reload: () => Promise<void>
  /** Takes over what a change gave back. */
  set: (value: T) => void
}

/** Calls now and whenever the inputs change; answers to older calls are dropped. */
export function useLoad<T>(call: (signal: AbortSignal) => Promise<T>, inputs: unknown[]): Load<T> {
  const value = useSignal<T | null>(null)
  const error = useSignal<ApiError | null>(null)
  const asking = useRef<AbortController | null>(null)
  const latest = useRef(call)
  latest.current = call
  const ask = async (): Promise<void> => {
    asking.current?.abort()
    const mine = new AbortController()
    asking.current = mine
    try {
      const answer = await latest.current(mine.signal)
      if (mine.signal.aborted) return
      value.value = answer
      error.value = null
    } catch (thrown) {
      if (!mine.signal.aborted) error.value = asApiError(thrown)
    }
  }
  const reload = useCallback((): Promise<void> => awaited(ask), [])
  useEffect(() => {
    value.value = null
    error.value = null
    void reload()
    return () => asking.current?.abort()
  }, inputs)
  return { value: value.value, error: error.value, reload, set: (next) => (value.value = next) }
}

interface LoadedProps<T> {
  load: Load<T>
  /** What is loaded, for the words of a failure: `The versions`. */
  what: string
  children: (value: T) => ComponentChildren
}

export function Loaded<T>({ load, what, children }: LoadedProps<T>) {
  if (load.value !== null) {
    return (
      <>
        {load.error && <LoadFault load={load} what={what} />}
        {children(load.value)}
      </>
    )
  }
  if (load.error) return <LoadFault load={load} what={what} />
  return <Skeleton what={what} />
}

function LoadFault<T>({ load, what }: Omit<LoadedProps<T>, 'children'>) {
  const { status, message } = load.error ?? { status: 0, message: '' }
  const title = status === 403 ? `${what} are not open to this key` : `${what} could not be loaded`
  return (
    <div class="py-3">
      <Notice
        tone={status === 403 ? 'warn' : 'bad'}
        title={title}
        action={
          <Button icon="refresh" onClick={() => void load.reload()}>
            Try again
          </Button>
        }
      >
        {message}
      </Notice>
    </div>
  )
}

export function Skeleton({ what }: { what: string }) {
  return (
    <div class="flex flex-col gap-3.5 py-4" role="img" aria-label={`Loading: ${what.toLowerCase()}`}>
      {['w-2/3', 'w-1/2', 'w-3/5', 'w-2/5'].map((width) => (
        <span key={width} class={`shimmer h-3.5 ${width}`} />
      ))}
    </div>
  )
}
