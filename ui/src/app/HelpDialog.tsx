// The list of keys, on `?`. Which keys there are is `shortcuts.ts`.
import { Modal } from '../components/Dialog'
import { overlay } from './commands'
import { SHORTCUTS } from './shortcuts'

export function HelpDialog() {
  return (
    <Modal open={overlay.value === 'help'} title="Keys" wide onClose={() => (overlay.value = null)}>
      <div class="grid gap-6 sm:grid-cols-2">
        {SHORTCUTS.map(({ title, keys }) => (
          <section key={title}>
            <h3 class="pb-1.5 text-2xs font-semibold tracking-wide text-muted uppercase">{title}</h3>
            <dl class="flex flex-col">
              {keys.map(([names, meaning]) => (
                <div key={names} class="flex items-baseline justify-between gap-3 border-b border-line/60 py-1 last:border-0">
                  <dd class="text-sm">{meaning}</dd>
                  <dt class="shrink-0">
                    <kbd class="rounded border border-line bg-raised px-1.5 py-0.5 font-sans text-2xs text-muted">{names}</kbd>
                  </dt>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  )
}
