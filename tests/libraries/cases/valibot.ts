import * as v from 'valibot'
import { report } from './report'

const Login = v.object({
  email: v.pipe(v.string(), v.trim(), v.email('not an address')),
  password: v.pipe(v.string(), v.minLength(8), v.regex(/\d/u, 'no digit')),
  remember: v.optional(v.boolean(), false),
})
const Event = v.variant('type', [
  v.object({ type: v.literal('click'), at: v.tuple([v.number(), v.number()]) }),
  v.object({ type: v.literal('key'), key: v.picklist(['a', 'b']) }),
])
const Slug = v.pipe(v.string(), v.transform((text) => text.toLowerCase().replaceAll(/[^a-z0-9]+/gu, '-')), v.brand('Slug'))
const Later = v.pipeAsync(v.string(), v.checkAsync(async (text) => text.startsWith('x'), 'must begin with x'))

export default report(async () => ({
  good: v.parse(Login, { email: ' ada@example.org ', password: 'analytical1' }),
  bad: v.flatten(v.safeParse(Login, { email: 'ada', password: 'short' }).issues!),
  missing: v.safeParse(v.strictObject({ a: v.string(), b: v.nullish(v.number()) }), { b: 1, c: 2 }).issues?.map((issue) => issue.message),
  events: [v.is(Event, { type: 'click', at: [1, 2] }), v.is(Event, { type: 'key', key: 'c' })],
  slug: v.parse(Slug, 'Ada & Grace'),
  later: [(await v.safeParseAsync(Later, 'xy')).success, (await v.safeParseAsync(Later, 'y')).issues?.[0].message],
  record: v.parse(v.record(v.string(), v.map(v.string(), v.date())), { a: new Map([['b', new Date(0)]]) }).a.get('b'),
  partial: v.parse(v.partial(v.omit(Login, ['remember'])), {}),
}))
