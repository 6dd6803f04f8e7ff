// Three things to try on a first visit: run, trip a limit, deploy. Ticks them off as they happen; once dismissed it never comes back.
import { computed, effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { may } from '../../app/rights'
import { Button, IconButton } from '../../components/Button'
import { Icon } from '../../components/Icon'
import { EXAMPLES } from '../../examples/gallery'
import { usePlayground } from './state/playground'

const STORAGE_KEY = 'isolet.coach'

type Step = 'ran' | 'tripped' | 'deployed'

const done = signal<ReadonlySet<string>>(new Set((localStorage.getItem(STORAGE_KEY) ?? '').split(' ')))
const over = computed(() => done.value.has('dismissed'))

function tick(step: Step | 'dismissed'): void {
  if (done.peek().has(step)) return
  done.value = new Set([...done.peek(), step])
  localStorage.setItem(STORAGE_KEY, [...done.peek()].join(' ').trim())
}

export function Coach() {
  const playground = usePlayground()
  const { runner, draft } = playground
  useEffect(
    () =>
      effect(() => {
        const outcome = runner.view.value.recordedAt === null ? runner.view.value.result?.outcome : undefined
        if (outcome === 'ok') tick('ran')
        if (outcome?.endsWith('_limit')) tick('tripped')
        if (draft.functionName.value !== null) tick('deployed')
      }),
    [playground],
  )
  if (over.value) return null
  const limited = EXAMPLES.find(({ id }) => id === 'cpu-limit')
  const steps: { id: Step; title: string; act: () => void }[] = [
    { id: 'ran', title: 'Run the code', act: playground.run },
    { id: 'tripped', title: 'See a limit stop it', act: () => (limited ? playground.runExample(limited) : playground.run()) },
    ...(may('deploy') ? [{ id: 'deployed' as const, title: 'Deploy it', act: () => void (playground.deploying.value = true) }] : []),
  ]
  return (
    <section aria-label="First steps" class="flex h-10 shrink-0 items-center gap-2 border-b border-line bg-accent-soft px-3 text-sm max-md:hidden">
      <span class="font-medium">First steps</span>
      <ol class="flex items-center gap-1">
        {steps.map(({ id, title, act }, at) => (
          <li key={id}>
            <Button look="ghost" class="h-7! text-text!" onClick={act}>
              {done.value.has(id) ? (
                <span class="text-ok">
                  <Icon name="check" size={14} />
                  <span class="sr-only">done: </span>
                </span>
              ) : (
                <span class="flex size-4.5 items-center justify-center rounded-full border border-accent text-2xs text-accent">{at + 1}</span>
              )}
              {title}
            </Button>
          </li>
        ))}
      </ol>
      <span class="ml-auto">
        <IconButton icon="close" label="No more first steps" onClick={() => tick('dismissed')} />
      </span>
    </section>
  )
}
