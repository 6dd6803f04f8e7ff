// AsyncLocalStorage: a store goes along with promises, `await`, timers, microtasks, generators and callbacks that were bound.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { handler, same, thrown } from './checks.js'

const storage = new AsyncLocalStorage()
const other = new AsyncLocalStorage()
const tick = () => new Promise((resolve) => setTimeout(resolve, 1))
const atStart = storage.run('start', () => AsyncLocalStorage.snapshot())

export default handler({
  async 'await and then'() {
    const seen = []
    await storage.run('a', async () => {
      seen.push(storage.getStore())
      await null
      seen.push(storage.getStore())
      await tick()
      seen.push(storage.getStore())
      await Promise.resolve().then(() => seen.push(storage.getStore())).finally(() => seen.push(storage.getStore()))
      await Promise.all([1, 2].map(async () => { await tick(); seen.push(storage.getStore()) }))
    })
    same([seen, storage.getStore()], [['a', 'a', 'a', 'a', 'a', 'a', 'a'], undefined])
  },
  async 'whoever settles a promise, its reactions keep theirs'() {
    const { promise, resolve } = Promise.withResolvers()
    const seen = []
    const waiting = storage.run('waiter', () => promise.then(() => seen.push(storage.getStore())))
    const awaiting = storage.run('awaiter', async () => { await promise; seen.push(storage.getStore()) })
    storage.run('settler', () => resolve())
    await Promise.all([waiting, awaiting])
    same(seen, ['waiter', 'awaiter'])
  },
  async 'runs that overlap do not meet'() {
    const one = async (name) => {
      const seen = []
      for (let turn = 0; turn < 5; turn++) {
        await (turn % 2 ? tick() : null)
        seen.push(storage.getStore())
      }
      return seen.every((store) => store === name)
    }
    same(await Promise.all(['x', 'y', 'z'].map((name) => storage.run(name, () => one(name)))), [true, true, true])
  },
  async 'timers, microtasks, generators and thenables'() {
    const seen = []
    await storage.run('t', () => new Promise((resolve) => {
      queueMicrotask(() => seen.push(storage.getStore()))
      const interval = setInterval(() => { seen.push(storage.getStore()); clearInterval(interval); resolve() }, 1)
    }))
    async function* numbers() {
      yield storage.getStore()
      await null
      yield storage.getStore()
    }
    await storage.run('g', async () => { for await (const store of numbers()) seen.push(store) })
    await storage.run('thenable', async () => { await { then: (resolve) => { seen.push(storage.getStore()); resolve() } } })
    same(seen, ['t', 't', 'g', 'g', 'thenable'])
  },
  async 'run nests, exit and enterWith change, two storages are two'() {
    const seen = storage.run(1, () => other.run(2, () => [
      storage.getStore(), other.getStore(), storage.run(3, () => storage.getStore()), storage.exit(() => storage.getStore()), storage.getStore(),
    ]))
    same(seen, [1, 2, 3, undefined, 1])
    same(await thrown(() => storage.run(1, () => { throw new RangeError('out') })), 'RangeError')
    same(storage.getStore(), undefined)
    await (async () => {
      storage.enterWith('entered')
      await tick()
      same(storage.getStore(), 'entered')
    })()
  },
  async 'what is bound stays bound'() {
    const bound = storage.run('b', () => AsyncResource.bind(() => storage.getStore()))
    const resource = storage.run('r', () => new AsyncResource('test'))
    const snapshot = storage.run('s', () => AsyncLocalStorage.snapshot())
    await tick()
    same([bound(), resource.runInAsyncScope(() => storage.getStore()), snapshot(() => storage.getStore())], ['b', 'r', 's'])
    same(atStart(() => storage.getStore()), 'start')
    same(new AsyncLocalStorage({ defaultValue: 5, name: 'n' }).getStore(), 5)
  },
})
