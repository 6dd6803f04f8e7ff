import { Cause, Context, Effect, Exit, Fiber, Layer, Option, pipe, Queue, Ref, Schedule, Schema, Stream } from 'effect'
import { report } from './report'

class Missing extends Schema.TaggedError<Missing>()('Missing', { id: Schema.Number }) {}
class Users extends Context.Service<Users, { get: (id: number) => Effect.Effect<string, Missing> }>()('Users') {}
const layer = Layer.succeed(Users, { get: (id) => id === 1 ? Effect.succeed('ada') : Effect.fail(new Missing({ id })) })
const Person = Schema.Struct({ name: Schema.NonEmptyString, age: Schema.NumberFromString, tags: Schema.Array(Schema.String) })

const program = Effect.gen(function* () {
  const users = yield* Users
  const first = yield* users.get(1)
  const second = yield* users.get(2).pipe(Effect.catchTag('Missing', (error) => Effect.succeed(`no ${error.id}`)))
  const counter = yield* Ref.make(0)
  yield* Effect.forEach([1, 2, 3], (n) => Ref.update(counter, (sum) => sum + n), { concurrency: 'unbounded' })
  const fiber = yield* Effect.forkChild(Effect.sleep('2 millis').pipe(Effect.as('woke')))
  const slow = yield* Effect.exit(Effect.never.pipe(Effect.timeout('5 millis')))
  let tries = 0
  const retried = yield* Effect.suspend(() => ++tries < 3 ? Effect.fail('again') : Effect.succeed(tries)).pipe(Effect.retry(Schedule.recurs(5)))
  const queue = yield* Queue.unbounded<number>()
  yield* Queue.offerAll(queue, [7, 8])
  return { first, second, sum: yield* Ref.get(counter), woke: yield* Fiber.join(fiber), slow: Exit.isFailure(slow), retried, taken: yield* Queue.take(queue) }
})

export default report(async () => ({
  program: await Effect.runPromise(program.pipe(Effect.provide(layer))),
  stream: await Effect.runPromise(Stream.range(1, 6).pipe(Stream.filter((n) => n % 2 === 0), Stream.map((n) => n * n), Stream.runCollect)),
  person: Schema.decodeUnknownSync(Person)({ name: 'Ada', age: '36', tags: ['x'] }),
  encoded: Schema.encodeSync(Person)({ name: 'Ada', age: 36, tags: [] }),
  refused: String(await Effect.runPromise(Effect.flip(Schema.decodeUnknownEffect(Person)({ name: '', age: 'x', tags: [1] })))),
  option: pipe(Option.fromNullishOr(null as string | null), Option.map((text) => text.length), Option.getOrElse(() => -1)),
  died: Cause.pretty(Exit.match(await Effect.runPromiseExit(Effect.die('boom')), { onFailure: (cause) => cause, onSuccess: () => Cause.fail('none') })).split('\n')[0],
  all: await Effect.runPromise(Effect.all({ a: Effect.succeed(1), b: Effect.promise(async () => 2) }, { concurrency: 2 })),
}))
