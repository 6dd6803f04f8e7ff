// The tenant's recent prompts as the server keeps them. Putting one back into the editor is `playground.ts`.
import { signal } from '@preact/signals'
import { asApiError, type ApiError } from '../../../api/problem'
import { awaited } from '../../../components/pending'
import { clearPrompts, deletePrompt, listPrompts, starPrompt } from '../../../api/resources'
import type { PromptEntry } from '../../../api/types'

export type History = ReturnType<typeof createHistory>

export function createHistory(tenant: string) {
  /** `null` until the first answer. */
  const entries = signal<PromptEntry[] | null>(null)
  const error = signal<ApiError | null>(null)
  let asked = 0

  const refresh = async (): Promise<void> => {
    asked += 1
    const mine = asked
    try {
      const page = await listPrompts(tenant)
      // Answers may overtake each other; only the latest question's counts.
      if (mine !== asked) return
      entries.value = page.data
      error.value = null
    } catch (thrown) {
      if (mine === asked) error.value = asApiError(thrown)
    }
  }

  /** Shows the change at once, tells the server, and takes the server's word for the result. */
  const change = async (optimistic: (list: PromptEntry[]) => PromptEntry[], call: Promise<void>): Promise<void> => {
    entries.value = optimistic(entries.value ?? [])
    await awaited(async () => {
      try {
        await call
      } catch (thrown) {
        error.value = asApiError(thrown)
        return
      }
      await refresh()
    })
  }

  const star = (id: string, starred: boolean): Promise<void> =>
    change((list) => list.map((entry) => (entry.id === id ? { ...entry, starred } : entry)), starPrompt(tenant, id, starred))

  const remove = (id: string): Promise<void> => change((list) => list.filter((entry) => entry.id !== id), deletePrompt(tenant, id))

  const clear = (): Promise<void> => change((list) => list.filter((entry) => entry.starred), clearPrompts(tenant))

  return { entries, error, refresh, star, remove, clear }
}
