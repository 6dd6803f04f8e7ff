// The network is closed until a rule opens it: fetch rejects and names
// the rule. Nothing leaves the host, not even a DNS query.
export default {
  async fetch() {
    try {
      const answer = await fetch('https://example.com/')
      return new Response(`it got out: ${answer.status}`, { status: 500 })
    } catch (error) {
      console.error(error.message)
      const reason = `${error.name}: ${error.message}`
      return new Response(`blocked, as it should be\n\n${reason}\n`)
    }
  },
}
