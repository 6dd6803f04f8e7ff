// A tiny router. The prompt is the path: try `hello/ada`, `sum/3/4` or
// `nowhere`. The request builder sends any method and path.
/** @type {[method: string, pattern: RegExp, handler: Function][]} */
const routes = [
  ['GET', /^\/hello\/([^/]+)$/, hello],
  ['GET', /^\/sum\/(\d+)\/(\d+)$/, sum],
  ['POST', /^\/echo$/, echo],
]

function hello(request, name) {
  return new Response(`Hello, ${decodeURIComponent(name)}!\n`)
}

function sum(request, a, b) {
  return Response.json({ sum: Number(a) + Number(b) })
}

async function echo(request) {
  return new Response(await request.text())
}

export default {
  async fetch(request) {
    const url = new URL(request.url)
    const prompt = url.searchParams.get('q')
    const path = prompt === null ? url.pathname : `/${prompt}`
    for (const [method, pattern, handler] of routes) {
      const match = pattern.exec(path)
      if (!match || request.method !== method) continue
      return handler(request, ...match.slice(1))
    }
    const error = `no route for ${request.method} ${path}`
    return Response.json({ error }, { status: 404 })
  },
}
