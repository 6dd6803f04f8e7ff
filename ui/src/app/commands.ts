// What the palette offers beside the pages: commands that the page in front registers while it is shown.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { IconName } from '../components/Icon'

export interface Command {
  id: string
  title: string
  icon: IconName
  /** Shown at the right: the keys that do the same, or where it leads. */
  hint?: string
  words?: string
  act: () => void
}

export const pageCommands = signal<Command[]>([])

/** Offers the commands while the calling component is mounted. */
export function usePageCommands(make: () => Command[], inputs: unknown[]): void {
  useEffect(() => {
    pageCommands.value = make()
    return () => {
      pageCommands.value = []
    }
  }, inputs)
}

/** The dialog that lies over the page, if any. */
export const overlay = signal<'palette' | 'help' | null>(null)
