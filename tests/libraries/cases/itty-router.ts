import { AutoRouter, cors, error, json, text, withContent, type IRequest } from 'itty-router'

const { preflight, corsify } = cors({ origin: 'https://app.example' })
const router = AutoRouter({ before: [preflight], finally: [corsify], missing: () => error(404, 'no such thing') })
const withUser = (request: IRequest) => { request.user = request.headers.get('x-user') ?? 'nobody' }

router
  .get('/todos/:id?', withUser, ({ params, query, user }) => ({ params, query, user }))
  .post('/todos', withContent, ({ content }) => json({ created: content }, { status: 201 }))
  .get('/files/:path+', ({ params }) => text(params.path!))
  .get('/image.:ending', ({ params }) => params)
  .get('/breaks', () => { throw new Error('broken') })
  .get('/refuses', () => error(403, { reason: 'no' }))

export default router

export const requests = [
  { path: '/todos' },
  { path: '/todos/7?tag=a&tag=b&done=1', headers: { 'x-user': 'ada' } },
  { path: '/todos', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"write"}' },
  { path: '/todos', method: 'OPTIONS', headers: { origin: 'https://app.example' } },
  { path: '/files/a/b/c.txt' },
  { path: '/image.png' },
  { path: '/breaks' },
  { path: '/refuses' },
  { path: '/nowhere' },
]
