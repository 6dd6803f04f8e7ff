// Every request runs in a fresh, sealed instance:
// no network, no files, hard limits.
export default {
  async fetch(request) {
    const url = new URL(request.url)
    const prompt = url.searchParams.get('q') ?? ''
    return new Response(prompt.toUpperCase())
  },
}
