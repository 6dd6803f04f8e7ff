// Reverses the prompt by code point, so that emoji survive the trip.
export default {
  async fetch(request) {
    const prompt = new URL(request.url).searchParams.get('q') ?? ''
    return new Response([...prompt].reverse().join(''))
  },
}
