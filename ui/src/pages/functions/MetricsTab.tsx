// The function's charts; their code arrives when they are first looked at.
import { useSignal } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'
import type { MetricsBoard } from '../../components/charts/MetricsBoard'
import { RangeChoice, rangeOf } from '../../components/charts/RangeChoice'
import { Skeleton } from '../../components/Loaded'

type Board = FunctionComponent<Parameters<typeof MetricsBoard>[0]>

export function MetricsTab({ tenant, name }: { tenant: string; name: string }) {
  const board = useSignal<Board | null>(null)
  const range = useSignal(rangeOf(null).id)
  useEffect(() => {
    // A failure shows as a skeleton that stays: the next visit asks again.
    import('../../components/charts/MetricsBoard').then((module) => (board.value = module.MetricsBoard), () => undefined)
  }, [])
  const MetricsView = board.value
  return (
    <>
      <div class="pb-4">
        <RangeChoice value={range.value} onChange={(id) => (range.value = id)} />
      </div>
      {MetricsView ? <MetricsView tenant={tenant} functionName={name} hours={rangeOf(range.value).hours} /> : <Skeleton what="The charts" />}
    </>
  )
}
