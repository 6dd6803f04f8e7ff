// A page from a template: prompt and env go in, escaped.
const marks = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text) => text.replace(/[&<>"]/g, (mark) => marks[mark])

export default {
  async fetch(request, env) {
    const prompt = new URL(request.url).searchParams.get('q') ?? ''
    const page = `<!doctype html>
<title>${escape(env.WHO)}</title>
<h1>Hello from ${escape(env.WHO)}</h1>
<p>You said: <q>${escape(prompt)}</q></p>
`
    return new Response(page, { headers: { 'content-type': 'text/html' } })
  },
}
