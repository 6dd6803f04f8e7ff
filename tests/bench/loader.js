// The worker that loads code for bench.mjs: `x-id` names the isolate, the body of a POST is its code, kept by `x-code` for later.
const codes = new Map()
export default {
  async fetch(request, env) {
    const name = request.headers.get('x-code')
    if (request.method === 'POST') codes.set(name, await request.text())
    const code = codes.get(name)
    const worker = env.LOADER.get(request.headers.get('x-id'), () => ({
      compatibilityDate: '2026-11-01', mainModule: 'main.js', modules: { 'main.js': code }, globalOutbound: null,
    }))
    return worker.getEntrypoint().fetch(new Request(request.url))
  },
}
