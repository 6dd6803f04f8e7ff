// Which tenant the pages are about: shown always, changed in a list that a word narrows down. Ten thousand of them are no matter.
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { session } from '../auth/session'
import { Icon } from '../components/Icon'
import { plural } from '../text/format'
import { hrefOf } from './route'
import { chooseTenant, tenant, tenants } from './tenants'

const LIST_ID = 'tenant-switch'
/** Nobody reads further; another letter narrows it down. */
const SHOWN = 50

export function TenantSwitch() {
  const bound = session.value?.tenant ?? null
  const current = tenant.value
  if (bound !== null) {
    return (
      <span class="min-w-0 truncate text-sm" title="This key belongs to one tenant">
        <span class="sr-only">tenant </span>
        <span class="font-medium">{bound}</span>
      </span>
    )
  }
  return (
    <>
      <button
        type="button"
        popovertarget={LIST_ID}
        aria-label={`Tenant: ${current ?? 'none'}. Change`}
        class="flex h-8 max-w-48 min-w-0 items-center gap-1.5 rounded-md px-2 text-sm font-medium transition-colors hover:bg-raised"
      >
        <span class="min-w-0 truncate">{current ?? 'no tenant'}</span>
        <Icon name="updown" size={12} />
      </button>
      <Chooser />
    </>
  )
}


function Chooser() {
  const word = useSignal('')
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const all = tenants.value ?? []
  const matchingTo = (typed: string): string[] => {
    const wanted = typed.trim().toLowerCase()
    return wanted === '' ? all : all.filter((slug) => slug.includes(wanted))
  }
  const matching = matchingTo(word.value)
  const choose = (slug: string): void => {
    list.current?.hidePopover()
    chooseTenant(slug)
  }
  return (
    <div
      ref={list}
      id={LIST_ID}
      popover="auto"
      // Before it opens: `toggle` comes after, when the first letters may have been typed already.
      onBeforeToggle={(event) => {
        if (event.newState !== 'open') return
        word.value = ''
        if (field.current !== null) field.current.value = ''
      }}
      class="inset-auto top-11 left-40 m-0 w-72 flex-col rounded-lg border border-line bg-surface text-text shadow-float max-md:left-10 [&:popover-open]:flex"
    >
      <input
        ref={field}
        autofocus
        aria-label="Find a tenant"
        placeholder="Find a tenant"
        autocomplete="off"
        spellcheck={false}
        class="h-9 border-b border-line rounded-t-lg bg-transparent px-3 text-sm -outline-offset-2"
        value={word.value}
        onInput={(event) => (word.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          // What stands in the field, not what was drawn last: a key may come before the list is drawn anew.
          const first = matchingTo(event.currentTarget.value)[0]
          if (event.key !== 'Enter' || first === undefined) return
          // Else the key would go on to the button that gets the focus back, and open the list again.
          event.preventDefault()
          choose(first)
        }}
      />
      <ul class="max-h-72 overflow-y-auto p-1" aria-label="Tenants">
        {matching.slice(0, SHOWN).map((slug) => (
          <li key={slug}>
            <button
              type="button"
              aria-current={slug === tenant.value ? 'true' : undefined}
              onClick={() => choose(slug)}
              class={`flex h-8 w-full items-center gap-2 rounded-md px-2 text-left text-sm pointer-coarse:h-10 ${slug === tenant.value ? 'bg-accent-soft font-medium' : 'hover:bg-raised'}`}
            >
              <span class="min-w-0 flex-1 truncate">{slug}</span>
              {slug === tenant.value && <Icon name="check" size={14} />}
            </button>
          </li>
        ))}
        {matching.length === 0 && <li class="px-2 py-3 text-sm text-muted">No tenant is called that.</li>}
      </ul>
      <p class="flex justify-between border-t border-line px-3 py-1.5 text-xs text-muted">
        {plural(matching.length, 'tenant')}
        <a class="font-medium text-accent hover:underline" href={hrefOf('overview')} onClick={() => list.current?.hidePopover()}>
          Manage
        </a>
      </p>
    </div>
  )
}
