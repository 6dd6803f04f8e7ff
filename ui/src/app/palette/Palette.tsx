// The palette on Mod+K: type, choose with the arrow keys, Enter. A combobox over one list (WAI-ARIA's pattern); what it finds: `entries.ts`.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Modal } from '../../components/Dialog'
import { Icon } from '../../components/Icon'
import { overlay, type Command } from '../commands'
import { groupsFor, loadFunctions } from './entries'

export function Palette() {
  const open = overlay.value === 'palette'
  return (
    <Modal open={open} title="Search" bare onClose={() => overlay.value === 'palette' && (overlay.value = null)}>
      {open && <Finder />}
    </Modal>
  )
}

function Finder() {
  const query = useSignal('')
  const at = useSignal(0)
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => void loadFunctions(), [])
  const found = () => {
    const groups = groupsFor(query.value)
    const flat = groups.flatMap(({ commands }) => commands)
    return { groups, flat, current: flat[Math.min(at.value, flat.length - 1)] }
  }
  const { groups, flat, current } = found()

  const onKeyDown = (event: KeyboardEvent): void => {
    // As it is now, not as it was drawn last: a key may come before the list is drawn anew.
    const now = found()
    const moves: Record<string, number> = { ArrowDown: at.value + 1, ArrowUp: at.value - 1 + now.flat.length, Home: 0, End: now.flat.length - 1 }
    const to = moves[event.key]
    if (event.key === 'Enter') choose(now.current)
    else if (to !== undefined && now.flat.length > 0) at.value = to % now.flat.length
    else return
    event.preventDefault()
    requestAnimationFrame(() => list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }))
  }
  return (
    <>
      <div class="flex items-center gap-2.5 border-b border-line px-4">
        <span class="text-muted">
          <Icon name="search" />
        </span>
        <input
          role="combobox"
          aria-label="Search pages, functions, tenants and commands"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={current && `palette-${current.id}`}
          aria-autocomplete="list"
          autofocus
          autocomplete="off"
          spellcheck={false}
          placeholder="Search pages, functions, tenants, commands"
          class="h-12 min-w-0 flex-1 bg-transparent text-base outline-none"
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value
            at.value = 0
          }}
          onKeyDown={onKeyDown}
        />
        <kbd class="rounded border border-line bg-raised px-1.5 font-sans text-2xs text-muted">Esc</kbd>
      </div>
      <div ref={list} id="palette-list" role="listbox" aria-label="Results" class="h-80 overflow-y-auto p-2">
        {groups.map(({ title, commands }) => (
          <div key={title} role="group" aria-label={title}>
            <p aria-hidden="true" class="px-2 pt-2 pb-1 text-2xs font-semibold tracking-wide text-muted uppercase">
              {title}
            </p>
            {commands.map((command) => (
              <Option key={command.id} command={command} selected={command === current} onChoose={() => choose(command)} />
            ))}
          </div>
        ))}
      </div>
      {flat.length === 0 && <p class="-mt-80 h-80 px-4 pt-6 text-center text-sm text-muted">Nothing is called that.</p>}
    </>
  )
}

function choose(command: Command | undefined): void {
  if (!command) return
  overlay.value = null
  command.act()
}

function Option({ command, selected, onChoose }: { command: Command; selected: boolean; onChoose: () => void }) {
  return (
    // The field above has the keys.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      role="option"
      id={`palette-${command.id}`}
      aria-selected={selected}
      // The field keeps the focus: the list is read through `aria-activedescendant`.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onChoose}
      class={`flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 text-sm pointer-coarse:h-10 ${selected ? 'bg-accent-soft text-text' : 'hover:bg-raised'}`}
    >
      <span class="text-muted">
        <Icon name={command.icon} size={15} />
      </span>
      <span class="min-w-0 flex-1 truncate">{command.title}</span>
      {command.hint !== undefined && <span class="shrink-0 text-2xs text-muted">{command.hint}</span>}
    </div>
  )
}
