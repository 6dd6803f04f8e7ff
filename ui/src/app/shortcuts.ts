// Keys that work on every page, and the list of all keys that the help shows. A page's own keys are handled by the page.
import { useEffect } from 'preact/hooks'
import { holdsMod, MOD } from '../text/keys'
import { overlay } from './commands'
import { PAGES } from './pages'
import { go, hrefOf } from './route'

export const SHORTCUTS: { title: string; keys: [keys: string, meaning: string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [`${MOD} K`, 'Search pages, functions, tenants, commands'],
      ['Ctrl `', 'To the playground'],
      ['?', 'This list'],
      ...PAGES.map((page): [string, string] => [`g ${page.key}`, `Go to ${page.title}`]),
    ],
  },
  {
    title: 'Playground',
    keys: [
      [`${MOD} Enter`, 'Run the code as it stands in the editor'],
      [`${MOD} S`, 'Save the draft in this browser'],
      [`${MOD} Shift D`, 'Deploy: shows what would change first'],
      [`${MOD} Space`, 'Complete'],
      ['Escape, then Tab', 'Leave the editor'],
      ['F2', 'Rename the file whose tab has the focus'],
    ],
  },
]

/** How long `g` waits for its second key. */
const CHORD_MS = 1200

export function useGlobalKeys(): void {
  useEffect(() => {
    let goUntil = 0
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return
      if (holdsMod(event) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        overlay.value = overlay.value === 'palette' ? null : 'palette'
        return
      }
      if (event.ctrlKey && event.key === '`') {
        event.preventDefault()
        go(hrefOf('playground'))
        return
      }
      if (overlay.value !== null || event.ctrlKey || event.metaKey || event.altKey || writesText(event.target)) return
      if (event.key === '?') {
        event.preventDefault()
        overlay.value = 'help'
      } else if (event.key === 'g') {
        goUntil = event.timeStamp + CHORD_MS
      } else if (event.timeStamp < goUntil) {
        goUntil = 0
        const page = PAGES.find(({ key }) => key === event.key)
        if (page) go(hrefOf(page.id))
      }
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [])
}

function writesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.closest('dialog[open]') !== null || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}
