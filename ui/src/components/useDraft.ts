// What the reader made of something that was loaded. It starts anew when something else was loaded: its own change saved, or another's found.
import { useSignal, type Signal } from '@preact/signals'
import { useLayoutEffect } from 'preact/hooks'

/** `mark` tells states apart, e.g. an `ETag`. */
export function useDraft<T>(loaded: T, mark: string | null): Signal<T> {
  const draft = useSignal(loaded)
  useLayoutEffect(() => {
    draft.value = loaded
  }, [mark])
  return draft
}
