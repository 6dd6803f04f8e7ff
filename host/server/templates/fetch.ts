// Asks another server. Nothing goes out until a rule opens it:
//
//   PUT /v1/tenants/demo/functions/NAME/egress
//   {"rules": [{"action": "allow", "host": "api.example.com", "methods": ["GET"]}]}
//
// A secret reaches the other server without the code ever seeing it: the rule names the header and the secret (`inject`).
interface Env {
  /** A variable of the function: where to ask. */
  readonly API?: string
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const path = new URL(request.url).pathname
    try {
      const answer = await fetch(new URL(path, env.API ?? 'https://api.example.com'), { signal: AbortSignal.timeout(5_000) })
      return new Response(answer.body, { status: answer.status, headers: { 'content-type': answer.headers.get('content-type') ?? 'text/plain' } })
    } catch (error) {
      return Response.json({ error: (error as Error).message }, { status: 502 })
    }
  },
} satisfies ExportedHandler<Env>
