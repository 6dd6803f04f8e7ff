import * as _ from 'lodash-es'
import { report } from './report'

const people = [
  { name: 'Ada', born: 1815, tags: ['maths', 'engine'], at: { city: 'London' } },
  { name: 'Grace', born: 1906, tags: ['compiler'], at: { city: 'New York' } },
  { name: 'Alan', born: 1912, tags: ['maths', 'engine'], at: { city: 'London' } },
]

export default report(async () => {
  const calls: number[] = []
  const debounced = _.debounce((n: number) => calls.push(n), 5)
  for (const n of [1, 2, 3]) debounced(n)
  await new Promise((resolve) => { setTimeout(resolve, 30) })
  return {
    calls,
    grouped: _.groupBy(people, 'at.city'),
    sorted: _.orderBy(people, ['at.city', 'born'], ['asc', 'desc']).map((person) => person.name),
    chained: _.flow(_.shuffle, _.uniq<string>, _.sortBy<string>)(_.flatMap(people, 'tags')),
    deep: _.isEqual(_.cloneDeep(people), people) && _.cloneDeep(new Map([[{ a: 1 }, new Set([/x/g])]])) instanceof Map,
    merged: _.merge({ a: [{ b: 1 }], c: { d: 1 } }, { a: [{ e: 2 }], c: { f: null } }),
    set: _.set({}, 'a[0].b.c', 4),
    picked: _.pickBy({ a: 1, b: undefined, c: null }, _.isNumber),
    words: [_.camelCase('foo bar-baz'), _.kebabCase('FooBarÉté'), _.startCase('--foo-bar'), _.deburr('déjà vu'), _.truncate('hi-diddly-ho there', { length: 12 })],
    template: _.escape('<a href="x">&</a>'),
    memo: (() => { let n = 0; const f = _.memoize(() => ++n); f(); f(); return n })(),
    numbers: [_.sum([1, 2]), _.round(4.006, 2), _.range(0, 10, 3), _.chunk([1, 2, 3], 2), _.zipObject(['a', 'b'], [1, 2])],
    curried: _.curry((a: number, b: number, c: number) => a + b + c)(1)(2)(3),
    diff: _.differenceWith([{ x: 1 }, { x: 2 }], [{ x: 1 }], _.isEqual),
  }
})
