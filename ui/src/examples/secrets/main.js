// A secret is for the host to use, not for the code to see. Set one:
//   PUT …/tenants/demo/secrets/API_TOKEN  {"value": "…"}
// and a rule that puts it into a header on the way out:
//   PUT …/tenants/demo/egress  {"rules": [{"action": "allow",
//     "host": "api.example.com", "inject": [{"header":
//     "authorization", "secret": "API_TOKEN", "prefix": "Bearer "}]}]}
export default {
  async fetch(request, env) {
    const call = new Request('https://api.example.com/me')
    const seen = [
      `in env: ${Object.keys(env).join(', ') || 'nothing'}`,
      `in the request: ${call.headers.get('authorization')}`,
    ]
    try {
      // With the rule in place this call carries the token.
      const answer = await fetch(call)
      seen.push(`the API answered ${answer.status}`)
    } catch (error) {
      seen.push(`not sent: ${error.message}`)
    }
    return new Response(`what the code sees of API_TOKEN\n${seen.join('\n')}\n`)
  },
}
