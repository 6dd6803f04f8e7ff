// How many calls the reader waits for just now: a line on top shows it when it takes long, and nothing else needs to know.
import { signal } from '@preact/signals'

export const pending = signal(0)

/** Does `act` and counts it from its start to its end, with whatever it leads to in between. */
export async function awaited(act: () => Promise<void>): Promise<void> {
  pending.value += 1
  try {
    await act()
  } finally {
    pending.value -= 1
  }
}
