// A part of a page whose code arrives when it is first needed, e.g. a dialog. Meanwhile there is nothing: what opens it stays where it is.
import { useSignal } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'

interface LazyProps {
  when: boolean
  load: () => Promise<FunctionComponent>
}

export function Lazy({ when, load }: LazyProps) {
  const loaded = useSignal<FunctionComponent | null>(null)
  useEffect(() => {
    // A failure is that of the whole page after an upgrade; the next click tries again.
    if (when && loaded.peek() === null) load().then((component) => (loaded.value = component), () => undefined)
  }, [when])
  const Component = loaded.value
  return Component && <Component />
}
