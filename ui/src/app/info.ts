// What the server says about itself: version, engine, default limits. Asked once per sign-in; pages do without it if need be.
import { signal } from '@preact/signals'
import { getInfo } from '../api/resources'
import type { Info, Limits } from '../api/types'

export const info = signal<Info | null>(null)

export async function loadInfo(): Promise<void> {
  try {
    info.value = await getInfo()
  } catch {
    // Only decoration hangs on it: the calls that matter report their own failure.
    info.value = null
  }
}

/** The limits of a run: those asked for, else the server's defaults. */
export function limitsApplied(asked: Partial<Limits> | undefined): Partial<Limits> {
  return { ...info.value?.limits?.defaults, ...asked }
}
