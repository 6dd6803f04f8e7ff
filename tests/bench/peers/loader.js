// The worker that loads code in workerd. A POST with `x-code-bytes` brings code, that many bytes of it before the guest's own body; any
// other request is for the code last kept. `x-keep` keeps code, under that name, without running it; `x-code` names what was kept.
// `x-id` names the isolate: a new name makes a new one, which workerd then holds on to. Without it, the isolate is for this request only.
const kept = new Map()

export default {
  async fetch(request, env) {
    const headers = request.headers
    const bytes = headers.get('x-code-bytes')
    let code = kept.get(headers.get('x-code'))
    if (bytes) {
      const text = await request.text()
      code = text.slice(0, bytes)
      if (headers.has('x-keep')) {
        kept.set(headers.get('x-keep'), code)
        return new Response('kept')
      }
      const body = text.length > bytes ? text.slice(bytes) : undefined
      request = new Request(request.url, { method: body ? 'POST' : 'GET', body, headers: body && { 'content-type': 'application/json' } })
    }
    const worker = () => ({
      compatibilityDate: env.COMPATIBILITY_DATE, mainModule: 'main.js', modules: { 'main.js': code }, globalOutbound: null,
    })
    const id = headers.get('x-id')
    return (id ? env.LOADER.get(id, worker) : env.LOADER.load(worker())).getEntrypoint().fetch(request)
  },
}
