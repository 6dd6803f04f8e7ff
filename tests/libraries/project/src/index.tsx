// A project as its author has it: TypeScript, JSX, npm packages, and one that asks for Node's modules in CommonJS.
import { Hono } from 'hono'
import { z } from 'zod'
import legacy from './legacy.cjs'
import notes from './notes.txt'

const app = new Hono()
const Query = z.object({ name: z.string().min(1) })

app.get('/', (context) => context.html(<h1>Hello {Query.parse(context.req.query()).name}</h1>))
app.get('/legacy', (context) => context.json(legacy(notes.trim())))
app.get('/breaks', () => {
  throw new Error('broken on line 13')
})
app.onError((error, context) => context.text(`${error.message}\n${error.stack}`, 500))

export default app
