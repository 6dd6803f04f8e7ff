// Says back what it was given, as JSON. The clock stands still while
// code computes: nobody can time a neighbour with it.
export default {
  async fetch(request) {
    const started = Date.now()
    const url = new URL(request.url)
    const prompt = url.searchParams.get('q') ?? ''
    console.log('got a prompt of', prompt.length, 'characters')
    if (prompt.length > 1000) console.warn('that is a long one')
    await new Promise((resolve) => setTimeout(resolve, 5))
    return Response.json({
      prompt,
      length: prompt.length,
      method: request.method,
      path: url.pathname,
      words: prompt.split(/\s+/).filter(Boolean),
      took_ms: Date.now() - started,
    })
  },
}
