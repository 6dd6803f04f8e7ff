import { load } from 'cheerio'
import { report } from './report'

const page = `<!doctype html><html><head><title>List &amp; more</title></head><body>
<ul id="list" class="a b"><li data-n="1">one</li><li data-n="2"><b>two</b></li></ul>
<form><input name="x" value="1" disabled><select name="s"><option value="o" selected>O</option></select></form><p>unclosed<p>second</body></html>`

export default report(() => {
  const $ = load(page)
  const item = $('ul#list.a > li:nth-child(2)')
  item.after('<li title="&quot;q&quot;"></li>').next().text('<three>')
  $('#list').toggleClass('b').attr('data-count', String($('li').length))
  $('p').each((at, element) => { $(element).wrap(`<div class="w${at}"></div>`) })
  const xml = load('<a><b c="d"/><e>f</e></a>', { xml: true })
  return {
    title: $('title').text(), texts: $('li').map((_, one) => $(one).text()).get(), data: item.data('n'), closest: $.html(item.closest('ul')),
    form: $('form').serializeArray(), filtered: $('li').filter((_, one) => $(one).text().includes('e')).length,
    extracted: $.extract({ items: [{ selector: 'li', value: { text: 'b', n: { selector: '[data-n]', value: 'data-n' } } }] }),
    page: $.html(), xml: [xml('b').attr('c'), xml.xml()], is: item.is('[data-n="2"]:has(b)'),
  }
})
