// Workload 6: what a small API looks like after bundling: hono's router, zod's validation. Bundled by esbuild at the start of a bench.
import { Hono } from 'hono'
import * as z from 'zod'

const tag = '@@@@TAG@@@@'
const Query = z.object({
  q: z.coerce.number().int().min(0),
  limit: z.coerce.number().int().max(100).default(10),
  tags: z.array(z.string().min(1)).max(5).optional(),
})

const app = new Hono()
app.use('*', async (context, next) => {
  await next()
  context.header('x-served-by', 'hono')
})
app.get('/users/:id{[0-9]+}', (context) => context.json({ user: Number(context.req.param('id')) }))
app.post('/users', (context) => context.text('made', 201))
app.get('/', (context) => {
  const { q, limit } = Query.parse(context.req.query())
  return context.json({ tag, q, limit, next: q + limit })
})

export default app
