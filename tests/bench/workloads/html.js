// Workload 4: a page with a table of 200 rows, every cell escaped.
const tag = '@@@@TAG@@@@'

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text) => String(text).replace(/[&<>"']/g, (character) => entities[character])

const goods = ['nuts & bolts', '<bare> wire', '5" pipe', "carpenter's glue", 'plain planks', 'paint > white', 'R&D "kit"']

function row(n, q) {
  const name = goods[(n * 3 + q) % goods.length]
  const price = ((n * 37 + q * 11) % 9999) / 100
  return `<tr class="${n % 2 ? 'odd' : 'even'}"><td>${n}</td><td title="${escape(name)}">${escape(name)} no. ${n}</td>`
    + `<td>${escape(price.toFixed(2))}</td><td>${escape(n % 5 ? 'in stock' : "can't say")}</td></tr>`
}

export default {
  fetch(request) {
    const q = Number(new URL(request.url).searchParams.get('q'))
    const rows = []
    for (let n = 0; n < 200; n++) rows.push(row(n, q))
    const page = `<!doctype html><html><head><title>Goods, by ${escape(tag)}</title></head>`
      + `<body><table>\n${rows.join('\n')}\n</table></body></html>`
    return new Response(page, { headers: { 'content-type': 'text/html' } })
  },
}
