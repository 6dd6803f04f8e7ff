// The prompt's SHA-256, through the same crypto.subtle that browsers have.
export default {
  async fetch(request) {
    const prompt = new URL(request.url).searchParams.get('q') ?? ''
    const bytes = new TextEncoder().encode(prompt)
    const digest = await crypto.subtle.digest('SHA-256', bytes)
    const hex = Array.from(new Uint8Array(digest), hexByte)
    return new Response(`sha256:${hex.join('')}\n`)
  },
}

function hexByte(byte) {
  return byte.toString(16).padStart(2, '0')
}
