/** @jsxImportSource hono/jsx */
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { getCookie, setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { stream, streamSSE, streamText } from 'hono/streaming'
import { validator } from 'hono/validator'

const app = new Hono<{ Bindings: { WHO?: string }; Variables: { began: string } }>()

app.use('*', async (context, next) => {
  context.set('began', context.req.method)
  await next()
  context.header('x-after', context.get('began'))
})
app.use('/shared/*', cors({ origin: 'https://app.example', maxAge: 60 }))
app.use('/shared/*', etag())
app.use('/private/*', basicAuth({ username: 'ada', password: 'lovelace' }))

app.get('/', (context) => context.text('hello'))
app.get('/shared/data', (context) => context.json({ shared: true }))
app.get('/private/door', (context) => context.text('inside'))
app.get('/books/:id{[0-9]+}/:chapter?', (context) => context.json(context.req.param()))
app.get('/wild/*', (context) => context.text(context.req.path))
app.post(
  '/posts',
  validator('json', (value, context) => {
    if (typeof value.title !== 'string' || value.title.length < 3) return context.json({ error: 'title' }, 422)
    return { title: value.title as string }
  }),
  (context) => context.json({ posted: context.req.valid('json') }, 201),
)
app.post('/form', async (context) => context.json(await context.req.parseBody({ all: true })))
app.get('/cookies', (context) => {
  setCookie(context, 'seen', 'yes', { path: '/', httpOnly: true, maxAge: 60 })
  return context.json(getCookie(context))
})

const Item = ({ name, children }: { name: string; children?: unknown }) => <li class={name}>{name}: {children}</li>
const Page = async ({ names }: { names: string[] }) => (
  <html lang="en">
    <body>
      <ul>{names.map((name) => <Item name={name}><b>{name.length}</b> {'<escaped>'}</Item>)}</ul>
      <input disabled value={'"quoted"'} />
    </body>
  </html>
)
app.get('/page', (context) => context.html(<Page names={context.req.queries('name') ?? []} />))

app.get('/stream/text', (context) => streamText(context, async (out) => {
  for (const word of ['one', 'two', 'three']) {
    await out.writeln(word)
    await out.sleep(1)
  }
}))
app.get('/stream/events', (context) => streamSSE(context, async (out) => {
  for (let id = 0; id < 3; id++) await out.writeSSE({ id: String(id), event: 'tick', data: `number ${id}` })
}))
app.post('/stream/upper', (context) => stream(context, async (out) => {
  const upper = new TransformStream<string, string>({ transform: (chunk, to) => to.enqueue(chunk.toUpperCase()) })
  await out.pipe(context.req.raw.body!.pipeThrough(new TextDecoderStream()).pipeThrough(upper).pipeThrough(new TextEncoderStream()))
}))

app.route('/nested', new Hono().basePath('/deeper').get('/:name', (context) => context.text(`nested ${context.req.param('name')}`)))
app.get('/fails', () => { throw new HTTPException(418, { message: 'short and stout' }) })
app.get('/breaks', () => { throw new Error('broken') })
app.onError((error, context) => error instanceof HTTPException ? error.getResponse() : context.text(`caught ${error.message}`, 500))
app.notFound((context) => context.text(`nothing at ${context.req.path}`, 404))

export default app

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
export const requests = [
  { path: '/' },
  { path: '/shared/data', headers: { origin: 'https://app.example' } },
  { path: '/shared/data', method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' } },
  { path: '/private/door' },
  { path: '/private/door', headers: { authorization: `Basic ${btoa('ada:lovelace')}` } },
  { path: '/books/12/three' },
  { path: '/books/twelve' },
  { path: '/wild/a/b%20c' },
  { path: '/posts', method: 'POST', headers: json, body: '{"title":"A title"}' },
  { path: '/posts', method: 'POST', headers: json, body: '{"title":"A"}' },
  { path: '/posts', method: 'POST', headers: json, body: '{' },
  { path: '/form', method: 'POST', headers: form, body: 'a=1&a=2&b=%C3%A9' },
  { path: '/cookies', headers: { cookie: 'first=1; second=%20x' } },
  { path: '/page?name=ada&name=grace' },
  { path: '/stream/text' },
  { path: '/stream/events' },
  { path: '/stream/upper', method: 'POST', body: 'straße' },
  { path: '/nested/deeper/one' },
  { path: '/fails' },
  { path: '/breaks' },
  { path: '/nowhere' },
]
