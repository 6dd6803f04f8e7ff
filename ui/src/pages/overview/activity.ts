// What the tenants in sight did in the last day: asked for together, once scrolling rests, and kept for a minute.
import { signal } from '@preact/signals'
import { listActivity } from '../../api/metrics'
import type { TenantActivity } from '../../api/types'

/** Nobody reads while the rows run by. */
const REST_MS = 150
/** The host takes that many at a time. */
const MOST = 100
const FRESH_MS = 60_000

export type Activities = ReturnType<typeof createActivities>

export function createActivities() {
  const known = signal<ReadonlyMap<string, TenantActivity>>(new Map())
  const askedAt = new Map<string, number>()
  const leaving = new AbortController()
  let wanted: string[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  const ask = async (): Promise<void> => {
    const now = performance.now()
    const missing = wanted.filter((slug) => now - (askedAt.get(slug) ?? -Infinity) > FRESH_MS).slice(0, MOST)
    if (missing.length === 0) return
    for (const slug of missing) askedAt.set(slug, now)
    try {
      const { data } = await listActivity(missing, leaving.signal)
      known.value = new Map([...known.peek(), ...data.map((each): [string, TenantActivity] => [each.tenant, each])])
    } catch {
      // The list is whole without it; whoever scrolls asks again.
      for (const slug of missing) askedAt.delete(slug)
    }
  }
  const want = (slugs: string[]): void => {
    wanted = slugs
    clearTimeout(timer)
    timer = setTimeout(() => void ask(), REST_MS)
  }
  const refresh = setInterval(() => !document.hidden && void ask(), FRESH_MS)
  const stop = (): void => {
    clearTimeout(timer)
    clearInterval(refresh)
    leaving.abort()
  }
  return { known, want, stop }
}
