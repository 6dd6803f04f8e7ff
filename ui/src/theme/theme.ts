// Light, dark, or as the system says: the choice, where it is kept and how it reaches the page. Colours are in `tokens.css`.
import { effect, signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

const STORAGE_KEY = 'isolet.theme'

function storedTheme(): Theme {
  const stored = localStorage.getItem(STORAGE_KEY)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

export const theme = signal<Theme>(storedTheme())

/** Applies the choice now and whenever it changes. Call once, before the first render. */
export function applyTheme(): void {
  effect(() => {
    if (theme.value === 'system') {
      delete document.documentElement.dataset['theme']
      localStorage.removeItem(STORAGE_KEY)
    } else {
      document.documentElement.dataset['theme'] = theme.value
      localStorage.setItem(STORAGE_KEY, theme.value)
    }
  })
}
