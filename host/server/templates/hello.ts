// Answers every request. Try it with `isolet run src/main.ts -p Ada`, check it with `isolet check src/main.ts`, and make it live with
// `isolet deploy`, or on every change with `isolet dev`.
export default {
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).searchParams.get('q') ?? 'world'
    return new Response(`Hello, ${name}!\n`)
  },
} satisfies ExportedHandler
