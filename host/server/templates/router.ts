// A router of a few lines: a method, a pattern of the path, and what answers.
type Groups = Record<string, string | undefined>
type Answer = (request: Request, groups: Groups) => Response | Promise<Response>

const routes: [method: string, pattern: URLPattern, answer: Answer][] = [
  ['GET', new URLPattern({ pathname: '/' }), () => new Response('Ask for /hello/Ada, or POST something to /echo.\n')],
  ['GET', new URLPattern({ pathname: '/hello/:name' }), (_, { name }) => new Response(`Hello, ${decodeURIComponent(name ?? '')}!\n`)],
  ['POST', new URLPattern({ pathname: '/echo' }), async (request) => Response.json({ echo: await request.text() })],
]

export default {
  async fetch(request: Request): Promise<Response> {
    for (const [method, pattern, answer] of routes) {
      const match = pattern.exec(request.url)
      if (match !== null && method === request.method) return answer(request, match.pathname.groups)
    }
    return Response.json({ error: `nothing at ${request.method} ${new URL(request.url).pathname}` }, { status: 404 })
  },
} satisfies ExportedHandler
