// Modules import each other by name, within this run and nowhere else.
import { greet, languages } from './greetings.js'

export default {
  async fetch(request) {
    const name = new URL(request.url).searchParams.get('q') ?? 'world'
    const lines = languages.map((language) => greet(language, name))
    return new Response(lines.join('\n'))
  },
}
