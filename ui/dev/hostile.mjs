// DEVELOPMENT ONLY. Texts that a page must show and never obey: attempts to run script out of every context that text can end up in, and
// texts that break software which is careless about text. All of them call `alert`, which the walks listen for.

const CALLS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<object data="javascript:alert(1)"></object>',
  '<embed src="javascript:alert(1)">',
  '<a href="javascript:alert(1)" autofocus onfocus=alert(1)>x</a>',
  '<input autofocus onfocus=alert(1)>',
  '<details open ontoggle=alert(1)>',
  '<video><source onerror=alert(1)></video>',
  '<body onload=alert(1)>',
  '<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>',
  '<form><button formaction="javascript:alert(1)">x</button></form>',
  '<style>@import "javascript:alert(1)";</style><div style="background:url(javascript:alert(1))">',
  '<base href="javascript:alert(1)//">',
  '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
  '<link rel=stylesheet href="data:text/css,*{x:expression(alert(1))}">',
  '<template><script>alert(1)</script></template>',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '${alert(1)}',
  '{{constructor.constructor("alert(1)")()}}',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
]

/** What would end the context that a text stands in, so that the call after it counts. */
const ESCAPES = ['', '">', "'>", '</textarea>', '</title>', '</script>', '-->', ']]>', '</style>', '\\");', "');", '`;', '\u2028', ' onfocus=alert(1) x=']

const NAUGHTY = [
  'undefined', 'null', 'NaN', '-1', '0x', 'true', '[object Object]', '__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf',
  '../../etc/passwd', '%00', '%s%s%n', '\\u0000', '\u0007 bell', '\u001b[31mred\u001b[0m', '\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007', '\u009b31m',
  '\u202etxet desrever', '\u2066isolated\u2069', '\u200bzero\u200cwidth\u200d', '\ufeffmark', 'Z\u0351\u036b\u0343a\u0358\u0321l\u0328g\u0334o', '🏳️‍🌈👩‍👩‍👧‍👦', '𝕱𝖗𝖆𝖐𝖙𝖚𝖗',
  'مرحبا بالعالم', 'שלום', '田中さんにあげて下さい', 'Ω≈ç√∫˜µ≤≥÷', '¯\\_(ツ)_/¯', "'; DROP TABLE tenants; --", '" OR ""="', '$(touch x)', '`id`', '|| ls', '&& ls', '<!--#exec cmd="ls"-->',
  '&lt;script&gt;alert(1)&lt;/script&gt;', '&#x3c;img src=x onerror=alert(1)&#x3e;', '+ADw-script+AD4-alert(1)+ADw-/script+AD4-', 'a'.repeat(2000), 'w i d e '.repeat(100), '\t\ttabs', 'line\nbreaks\r\nof all\u2029kinds',
  '{"json": "not yet', '[1,2', '${process.env}', '#{7*7}', '<%= 7*7 %>', '{%raw%}', 'http://a/%%30%30', '1;2;3', 'İıſß', 'ﷺﷺﷺ', '\u0300alone', '\ud83d\ude00',
]

export const INJECTIONS = CALLS.flatMap((call) => ESCAPES.map((escape) => escape + call))
export const HOSTILE = [...INJECTIONS, ...NAUGHTY]
