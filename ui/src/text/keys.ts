// The name of the platform's main modifier key, and the one test for it. Which keys do what stands with each page.

export const ON_A_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent)

export const MOD = ON_A_MAC ? '⌘' : 'Ctrl'

export const RUN_KEYS = ON_A_MAC ? '⌘ Enter' : 'Ctrl Enter'

/** The same, as `aria-keyshortcuts` wants it. */
export const RUN_KEYS_ARIA = ON_A_MAC ? 'Meta+Enter' : 'Control+Enter'

export function holdsMod(event: KeyboardEvent): boolean {
  return ON_A_MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey
}
