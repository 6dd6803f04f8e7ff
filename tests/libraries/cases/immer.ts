import { applyPatches, createDraft, current, enableMapSet, enablePatches, finishDraft, immerable, produce, produceWithPatches } from 'immer'
import { failure, report } from './report'

enableMapSet()
enablePatches()

class Point {
  [immerable] = true
  constructor(public x: number, public y: number) {}
}

export default report(async () => {
  const base = { list: [1, 2, { deep: true }], map: new Map([['a', { n: 1 }]]), set: new Set(['x']), point: new Point(1, 2), untouched: {} }
  const [next, patches, inverse] = produceWithPatches(base, (draft) => {
    draft.list.push(3)
    ;(draft.list[2] as { deep: boolean }).deep = false
    draft.map.get('a')!.n++
    draft.set.add('y')
    draft.point.x = 9
  })
  const draft = createDraft({ a: { b: 1 } })
  draft.a.b = 2
  return {
    list: next.list, map: [...next.map], set: [...next.set], point: next.point, kind: next.point instanceof Point,
    shared: next.untouched === base.untouched, same: produce(base, () => {}) === base, before: base.list.length,
    frozen: (await failure(() => { next.list.push(4) })).split(':')[0],
    patches, back: applyPatches(next, inverse).list, there: applyPatches(base, patches).list,
    finished: finishDraft(draft), seen: produce([1, 2, 3], (list) => { list.reverse(); list.push(current(list).length) }),
  }
})
