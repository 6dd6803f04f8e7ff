// Copies a text and says so, in place and without moving anything.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Button, IconButton } from './Button'

interface CopyButtonProps {
  /** What is copied, e.g. `response body`: spoken, and the tooltip of the small form. */
  what: string
  text: () => string
  small?: boolean
}

export function CopyButton({ what, text, small = false }: CopyButtonProps) {
  const state = useSignal<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state.value === 'idle') return
    const timer = setTimeout(() => (state.value = 'idle'), 1600)
    return () => clearTimeout(timer)
  }, [state.value])

  const copy = (): void => {
    // Absent on plain-http addresses other than the local host: then the words say so.
    const done = navigator.clipboard ? navigator.clipboard.writeText(text()) : Promise.reject(new Error('no clipboard'))
    done.then(
      () => (state.value = 'copied'),
      () => (state.value = 'failed'),
    )
  }
  const words = { idle: 'Copy', copied: 'Copied', failed: 'Not allowed' }[state.value]
  if (small) {
    const label = state.value === 'idle' ? `Copy ${what}` : words
    return <IconButton icon={state.value === 'copied' ? 'check' : 'copy'} label={label} onClick={copy} />
  }
  return (
    <Button icon={state.value === 'copied' ? 'check' : 'copy'} onClick={copy} aria-label={`${words} ${what}`} class="min-w-24">
      {words}
    </Button>
  )
}
