// Whether the window is wide enough for something, followed as it changes: for what a style sheet alone cannot decide.
import { useSignal, type ReadonlySignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

export function useWide(query: string): ReadonlySignal<boolean> {
  const wide = useSignal(window.matchMedia(query).matches)
  useEffect(() => {
    const media = window.matchMedia(query)
    const update = (): void => void (wide.value = media.matches)
    media.addEventListener('change', update)
    return () => media.removeEventListener('change', update)
  }, [query])
  return wide
}
