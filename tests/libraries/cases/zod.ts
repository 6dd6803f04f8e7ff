import { z } from 'zod'
import { report } from './report'

const Address = z.object({ street: z.string().min(1), zip: z.string().regex(/^\d{5}$/) })
const User = z.strictObject({
  id: z.uuid(),
  email: z.email(),
  age: z.number().int().min(0).max(150).optional(),
  role: z.enum(['admin', 'member']).default('member'),
  tags: z.array(z.string().trim().toLowerCase()).max(3),
  address: Address.nullable(),
  born: z.coerce.date(),
  link: z.union([z.url(), z.literal('')]),
})
type Tree = { name: string; children: Tree[] }
const Node: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Node) }))
const Shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), radius: z.number().positive() }),
  z.object({ kind: z.literal('square'), side: z.number().positive() }),
])
const Password = z.object({ one: z.string(), two: z.string() }).refine((value) => value.one === value.two, { message: 'differ', path: ['two'] })
const good = {
  id: '8f14e45f-ceea-467f-a9a5-1c1d2e3f4a5b', email: 'ada@example.org', tags: [' One', 'TWO '], address: { street: 'Main', zip: '12345' },
  born: '1815-12-10', link: 'https://example.org/',
}

export default report(async () => ({
  good: User.parse(good),
  bad: User.safeParse({ ...good, id: 'x', email: 'y', age: -1.5, tags: 'none', address: { zip: '1' }, more: 1 }).error?.issues,
  flat: z.flattenError(User.safeParse({}).error!),
  pretty: z.prettifyError(User.safeParse({ ...good, tags: ['a', 2] }).error!),
  tree: Node.parse({ name: 'root', children: [{ name: 'leaf', children: [] }] }),
  shapes: [Shape.parse({ kind: 'circle', radius: 1 }), Shape.safeParse({ kind: 'triangle' }).error?.issues],
  password: Password.safeParse({ one: 'a', two: 'b' }).error?.issues,
  pipe: z.string().transform((text) => text.length).pipe(z.number().min(3)).safeParse('ab').success,
  later: await z.string().refine(async (text) => text === 'later').parseAsync('later'),
  schema: z.toJSONSchema(z.object({ name: z.string(), shape: Shape })),
}))
