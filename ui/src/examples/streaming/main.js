// Answers word by word: each chunk reaches the caller while the
// function is still running.
export default {
  async fetch(request) {
    const prompt = new URL(request.url).searchParams.get('q') ?? ''
    const words = prompt.split(/\s+/).filter(Boolean)
    const encoder = new TextEncoder()
    const body = new ReadableStream({
      async start(controller) {
        for (const [index, word] of words.entries()) {
          controller.enqueue(encoder.encode(`${index + 1}. ${word}\n`))
          await new Promise((resolve) => setTimeout(resolve, 150))
        }
        controller.close()
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/plain' } })
  },
}
