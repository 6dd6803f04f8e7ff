// Sorting, held against a plain merge sort: order, stability, and that nothing is lost whatever the comparison says.
import { handler, same } from './checks.js'

let state = 20261127
const random = (below) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below

const merged = (list, compare) => {
  if (list.length < 2) return list
  const half = list.length >> 1
  const [a, b, out] = [merged(list.slice(0, half), compare), merged(list.slice(half), compare), []]
  let [i, j] = [0, 0]
  while (i < a.length && j < b.length) out.push(compare(b[j], a[i]) < 0 ? b[j++] : a[i++])
  return [...out, ...a.slice(i), ...b.slice(j)]
}

const byKey = (a, b) => a.key - b.key

/** Lists of all lengths around those of a run: random, in order, the other way round, nearly in order, two orders in a row. */
const lists = () => Array.from({ length: 200 }, (_, number) => {
  const length = [random(4), random(70), 31 + random(4), 127 + random(4), random(400)][number % 5]
  const keys = [2, 10, 1e9][random(3)]
  const list = Array.from({ length }, () => ({ key: random(keys) }))
  const at = random(length + 1)
  const shapes = [
    list, merged(list, byKey), merged(list, (a, b) => b.key - a.key), [...merged(list, byKey).slice(at), ...list.slice(0, at)],
    [...merged(list.slice(at), byKey), ...merged(list.slice(0, at), byKey)],
  ]
  return shapes[random(shapes.length)].map((one) => ({ ...one }))
})

export default handler({
  'what is equal keeps its order, in all shapes of lists'() {
    for (const list of lists()) {
      const wanted = merged(list, byKey)
      const got = list.slice().sort(byKey)
      if (got.some((one, at) => one !== wanted[at]) || list.toSorted(byKey).some((one, at) => one !== wanted[at])) throw new Error(JSON.stringify(list))
    }
  },
  'texts, holes and undefined are where they belong'() {
    for (const list of lists()) {
      const texts = list.map(({ key }) => (key % 7 === 0 ? undefined : String(key)))
      delete texts[1]
      const wanted = merged(texts.filter((text) => text !== undefined), (a, b) => (a < b ? -1 : Number(a > b)))
      const got = texts.slice().sort()
      same([got.slice(0, wanted.length), got.length, got.slice(wanted.length).every((one) => one === undefined)], [wanted, texts.length, true])
    }
  },
  'nothing is lost or doubled by a comparison that lies, throws or empties the list'() {
    for (const list of lists()) {
      const whole = (sorted) => sorted.length === list.length && new Set(sorted).size === list.length
      const thrown = list.slice()
      let left = random(60)
      try {
        thrown.sort((a, b) => { if (left-- === 0) throw new RangeError(); return a.key - b.key })
      } catch (error) {
        same(error.name, 'RangeError')
      }
      const emptied = list.slice()
      emptied.sort((a, b) => { emptied.length = 0; return a.key - b.key })
      // What did not move is not written again, so an emptied list is not whole; nothing is in it twice.
      const kept = emptied.filter((one) => one !== undefined)
      same([whole(list.slice().sort(() => random(3) - 1)), whole(thrown), new Set(kept).size === kept.length], [true, true, true])
    }
  },
  'what is in order costs one comparison each, and little else does more than it must'() {
    const asked = (list) => {
      let calls = 0
      list.slice().sort((a, b) => { calls += 1; return a - b })
      return calls
    }
    const numbers = Array.from({ length: 5000 }, () => random(2 ** 31))
    const ordered = numbers.slice().sort((a, b) => a - b)
    same([asked(ordered), asked(ordered.toReversed())], [4999, 4999])
    // n·log₂(n) - n is 56,438.
    same(asked(numbers) < 57000, true)
  },
})
