// URLs, URL patterns, encodings and base64: what the engine's natives do for them.
import { handler, same, thrown } from './checks.js'

const bytes = (...list) => new Uint8Array(list)

export default handler({
  async 'what is no URL is refused'() {
    same(await thrown(() => new URL('/relative')), 'TypeError')
    same(await thrown(() => new URL('http://[')), 'TypeError')
    same([URL.canParse('/x'), URL.canParse('/x', 'http://a.example/'), URL.parse('/x')], [false, true, null])
    const url = new URL('http://a.example/p')
    same(await thrown(() => { url.href = 'nonsense' }), 'TypeError')
    same(url.href, 'http://a.example/p')
  },
  'URLs are normalised as the standard says'() {
    same(new URL('HTTP://EXAMPLE.com:80/a/../b c?q=ü#f').href, 'http://example.com/b%20c?q=%C3%BC#f')
    same(new URL('///test', 'http://example.org/').href, 'http://test/')
    same(new URL('foo://h/a^b').href, 'foo://h/a%5Eb')
    same(new URL('data:space  ?q').href, 'data:space %20?q')
    same([new URL('blob:https://a.example/x').origin, new URL('blob:ftp://a.example/x').origin], ['https://a.example', 'null'])
    same(new URL('http://bücher.example/').hostname, 'xn--bcher-kva.example')
  },
  async 'URL patterns match, and name what is wrong with them'() {
    const pattern = new URLPattern({ pathname: '/books/:id(\\d+)' })
    same(pattern.exec('https://a.example/books/12').pathname.groups, { id: '12' })
    same([pattern.test('https://a.example/books/x'), pattern.hasRegExpGroups], [false, true])
    same(new URLPattern('http{s}?://*.example/:a?').test('https://x.example/y'), true)
    same(new URLPattern('/a/*', 'https://a.example').exec({ pathname: '/a/b', baseURL: 'https://a.example' }).pathname.groups, { 0: 'b' })
    same(new URLPattern('(https|http)://a.example/').protocol, '(https|http)')
    for (const pathname of ['/(', '/(\\m)', '/([(])']) same(await thrown(() => new URLPattern({ pathname })), 'TypeError')
    const consonants = new URLPattern({ pathname: '/([[a-z]--[aeiou]])' })
    same([consonants.test('https://a.example/b'), consonants.test('https://a.example/a')], [true, false])
    same(new URLPattern({ pathname: '/A' }, { ignoreCase: true }).test('https://a.example/a'), true)
  },
  async 'URL patterns are filled in, where that is one text which matches'() {
    const books = new URLPattern('https://:shop.example.com/books/:id/:part?')
    same(books.generate('hostname', { shop: 'bücher' }), 'xn--bcher-kva.example.com')
    const pattern = new URLPattern({ pathname: '/a\\:b/{pre-:id}.:kind', search: 'q=:q', hash: ':h', protocol: ':scheme' })
    same(pattern.generate('pathname', { id: 'x y', kind: 'é', more: 1 }), '/a:b/pre-x%20y.%C3%A9')
    same([pattern.generate('search', { q: '?x' }), pattern.generate('hash', { h: '#x' }), pattern.generate('protocol', { scheme: 'ab' })], ['q=?x', '#x', 'ab'])
    same(new URLPattern({ pathname: '/([^\\/]+?)' }).generate('pathname', { 0: 'x' }), '/x')
    same(new URLPattern('other://a.example/:x').generate('pathname', { x: 'a b' }), '/a b')
    const refused = [
      () => books.generate('pathname', { id: '1', part: 'x' }),
      () => pattern.generate('pathname', { id: 'a/b', kind: 'x' }),
      () => pattern.generate('pathname', { id: 'a' }),
      () => pattern.generate('pathname', Object.create({ id: 'a', kind: 'x' })),
      () => pattern.generate('pathname'),
      () => pattern.generate('path', {}),
      () => new URLPattern({ pathname: '/*' }).generate('pathname', { 0: 'x' }),
      () => new URLPattern({ pathname: '/(a|b)' }).generate('pathname', { 0: 'a' }),
      () => new URLPattern({ port: ':p' }).generate('port', { p: 'x' }),
      () => URLPattern.prototype.generate.call({}, 'pathname', {}),
    ]
    for (const [at, call] of refused.entries()) same([at, await thrown(call)], [at, 'TypeError'])
  },
  async 'URL patterns are compared by how particular they are'() {
    const paths = ['*', '/*', '/:a*', '/:a?', '/:a+', '/:a', '/(\\d+)', '/a*', '/a', '/{a}/b', '/ab']
    const patterns = paths.map((pathname) => new URLPattern({ pathname }))
    const compare = (a, b) => URLPattern.compareComponent('pathname', a, b)
    for (const [at, one] of patterns.entries()) {
      same([paths[at], patterns.map((other) => Math.sign(compare(one, other)) === -Math.sign(compare(other, one)))], [paths[at], paths.map(() => true)])
    }
    const ordered = ['/*', '/:a*', '/:a?', '/:a+', '/:a', '/(\\d+)', '/a'].map((pathname) => new URLPattern({ pathname }))
    for (let at = 1; at < ordered.length; at++) same([at, compare(ordered[at - 1], ordered[at])], [at, -1])
    same(compare(new URLPattern({ pathname: '/x/:a' }), new URLPattern({ pathname: '/x/:b' })), 0)
    same(await thrown(() => URLPattern.compareComponent('pathname', patterns[0], {})), 'TypeError')
    same(await thrown(() => URLPattern.compareComponent('path', patterns[0], patterns[0])), 'TypeError')
  },
  async 'legacy encodings decode, whole and in pieces'() {
    same(new TextDecoder('shift_jis').decode(bytes(0x93, 0xfa, 0x96, 0x7b)), '日本')
    same(new TextDecoder('windows-1252').decode(bytes(0x80, 0x9f)), '€Ÿ')
    same(new TextDecoder('utf-16be').decode(bytes(0, 65)), 'A')
    const decoder = new TextDecoder('gb18030')
    same(decoder.decode(bytes(0xd6), { stream: true }) + decoder.decode(bytes(0xd0)), '中')
    const utf8 = new TextDecoder()
    same(utf8.decode(bytes(0xef, 0xbb), { stream: true }) + utf8.decode(bytes(0xbf, 0xe2), { stream: true }) + utf8.decode(bytes(0x82, 0xac)), '€')
    same(await thrown(() => new TextDecoder('euc-kr', { fatal: true }).decode(bytes(0xff))), 'TypeError')
    same(await thrown(() => new TextDecoder('replacement')), 'RangeError')
    same(await thrown(() => new TextDecoder('no such')), 'RangeError')
  },
  async 'base64 is strict about what it takes'() {
    same([atob(' aGk = '), btoa('\xff')], ['hi', '/w=='])
    same([await thrown(() => atob('a')), await thrown(() => btoa('€'))], ['InvalidCharacterError', 'InvalidCharacterError'])
  },
  'big integers wrap as the standard says'() {
    same([BigInt.asUintN(64, -1n), BigInt.asUintN(64, 2n ** 63n), BigInt.asUintN(32, -1n), BigInt.asUintN(33, -1n), BigInt.asUintN(65, -(2n ** 64n))].map(String),
      ['18446744073709551615', '9223372036854775808', '4294967295', '8589934591', '18446744073709551616'])
    let hash = 0xcbf29ce484222325n
    for (const byte of new TextEncoder().encode('hello')) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
    same(hash.toString(16), 'a430d84680aabd0b')
    for (let bits = 1; bits < 140; bits++) {
      for (const number of [1n, -1n, 5n, -7n, 2n ** 31n, -(2n ** 31n), 2n ** 32n - 1n, -(2n ** 32n), 2n ** 63n, -(2n ** 64n) - 3n, 0x123456789abcdef0fedcba987654321n]) {
        const size = 1n << BigInt(bits)
        const wanted = ((number % size) + size) % size
        if (BigInt.asUintN(bits, number) !== wanted) throw new Error(`asUintN(${bits}, ${number})`)
        if (BigInt.asIntN(bits, number) !== (wanted >= size / 2n ? wanted - size : wanted)) throw new Error(`asIntN(${bits}, ${number})`)
      }
    }
    same(BigInt.asUintN(2 ** 53 - 1, 5n).toString(), '5')
    let refused
    try { BigInt.asUintN(2 ** 53 - 1, -1n) } catch (error) { refused = error.name }
    same(refused, 'RangeError')
  },
})
