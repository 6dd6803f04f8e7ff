// The modules as tabs: open, add, rename, remove; the main module carries a flag. Rules for names are the draft's.
import { useSignal } from '@preact/signals'
import { IconButton } from '../../../components/Button'
import { ConfirmDialog } from '../../../components/Dialog'
import { usePlayground } from '../state/playground'
import { FileNameField } from './FileNameField'

export function FileTabs() {
  const { draft } = usePlayground()
  /** The file being renamed, or `+` for a new one. */
  const naming = useSignal<string | null>(null)
  const removing = useSignal<string | null>(null)
  const names = draft.fileNames.value
  const taken = [...names, ...Object.keys(draft.beside.value.modules)]
  const active = draft.activeFile.value

  const onKeyDown = (event: KeyboardEvent, name: string): void => {
    if (event.key === 'F2') naming.value = name
    if (event.key === 'Delete' && name !== draft.mainModule.value) removing.value = name
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const next = step === undefined ? undefined : names[(names.indexOf(name) + step + names.length) % names.length]
    if (next === undefined) return
    event.preventDefault()
    draft.activeFile.value = next
    document.getElementById(tabId(next))?.focus()
  }

  return (
    <div class="flex h-10 min-w-0 flex-1 items-stretch">
      <div role="tablist" aria-label="Modules" class="relative flex min-w-0 items-stretch overflow-x-auto">
        {names.map((name) =>
          naming.value === name ? (
            <FileNameField
              key={name}
              initial={name}
              taken={taken.filter((other) => other !== name)}
              onDone={(next) => {
                if (next !== null && next !== name) draft.renameFile(name, next)
                naming.value = null
              }}
            />
          ) : (
            <button
              key={name}
              type="button"
              role="tab"
              id={tabId(name)}
              aria-selected={name === active}
              aria-controls="editor-panel"
              tabIndex={name === active ? 0 : -1}
              title={name === draft.mainModule.value ? `${name}: the main module. F2 renames.` : `${name}: F2 renames, Delete removes.`}
              onClick={() => (draft.activeFile.value = name)}
              onDblClick={() => (naming.value = name)}
              onKeyDown={(event) => onKeyDown(event, name)}
              class={`relative flex items-center gap-1.5 border-r border-line px-3 font-mono text-xs whitespace-nowrap -outline-offset-2 ${
                name === active ? 'bg-surface after:absolute after:inset-x-0 after:top-0 after:h-0.5 after:bg-accent' : 'text-muted hover:text-text'
              }`}
            >
              {name}
              {name === draft.mainModule.value && (
                <span class="rounded bg-accent-soft px-1 font-sans text-2xs text-accent">main</span>
              )}
            </button>
          ),
        )}
        <NotShown />
      </div>
      {naming.value === '+' ? (
        <FileNameField
          initial=""
          taken={taken}
          onDone={(name) => {
            if (name !== null) draft.addFile(name)
            naming.value = null
          }}
        />
      ) : (
        <div class="flex shrink-0 items-center gap-0.5 px-1">
          <IconButton icon="plus" label="Add a module" onClick={() => (naming.value = '+')} />
          <IconButton icon="pencil" label={`Rename ${active}`} onClick={() => (naming.value = active)} />
          {active !== draft.mainModule.value && (
            <>
              <IconButton icon="flag" label={`Make ${active} the main module`} onClick={() => (draft.mainModule.value = active)} />
              <IconButton icon="trash" label={`Remove ${active}`} onClick={() => (removing.value = active)} />
            </>
          )}
        </div>
      )}
      <ConfirmDialog
        open={removing.value !== null}
        title={`Remove ${removing.value ?? ''}?`}
        detail="Its code goes with it; this cannot be undone."
        confirm="Remove"
        onConfirm={() => draft.removeFile(removing.value ?? '')}
        onClose={() => (removing.value = null)}
      />
    </div>
  )
}

/** What goes along with the code and has no tab. */
function NotShown() {
  const { modules, options } = usePlayground().draft.beside.value
  const parts = Object.keys(modules)
  if (options?.allow_eval) parts.push('eval allowed')
  if (options && Object.keys(options.import_map).length > 0) parts.push('an import map')
  if (parts.length === 0) return null
  const words = `Runs and deploys take along: ${parts.join(', ')}`
  return (
    <span class="flex items-center px-3 text-xs whitespace-nowrap text-muted" title={words} data-testid="beside">
      <span class="sr-only">{words}</span>
      <span aria-hidden="true">+{parts.length}</span>
    </span>
  )
}

export const tabId = (name: string): string => `file-tab-${name}`
