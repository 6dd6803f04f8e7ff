// Workload 2: takes 10 KB of JSON, answers with what passes a filter, sorted.
const tag = '@@@@TAG@@@@'

export default {
  async fetch(request) {
    const q = Number(new URL(request.url).searchParams.get('q'))
    const { orders } = await request.json()
    const wanted = orders
      .filter((order) => order.open && order.cents > 500 * q && order.lines.some((line) => line.quantity > 2))
      .sort((a, b) => b.cents - a.cents || a.customer.localeCompare(b.customer))
      .map(({ id, customer, cents, lines }) => ({ id, customer, total: (cents / 100).toFixed(2), lines: lines.length }))
    return Response.json({ tag, count: wanted.length, wanted })
  },
}
