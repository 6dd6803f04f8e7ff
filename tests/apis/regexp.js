// Regular expressions where the engine takes short ways: searching for where a match may start, repetitions of one character in one go,
// test, match and replace without an object for each match; and where it must not.
import { handler, same } from './checks.js'

const found = (expression, text) => {
  const match = expression.exec(text)
  return match && [match.index, ...match]
}
const thrown = (act) => { try { act(); return 'nothing' } catch (error) { return error.name } }

export default handler({
  'where a match starts'() {
    same(found(/b/, 'aab'), [2, 'b'])
    same(found(/[bc]d/, 'abacad cd'), [7, 'cd'])
    same(found(/b|cd?/, 'xxcdb'), [2, 'cd'])
    same(found(/(?:x*)b/, 'axxb'), [1, 'xxb'])
    same(found(/x*/, 'ab'), [0, ''])
    same([found(/^a/, 'ba'), found(/^a/m, 'b\na'), found(/a|^b/, 'cb')], [null, [2, 'a'], null])
    same(found(/(?=b)./, 'ab'), [1, 'b'])
    same([found(/(?<=a)b/, 'bab'), found(/(?<!a)b/, 'abb')], [[2, 'b'], [2, 'b']])
    same([found(/(a)?\1b/, 'xb'), found(/\bfoo\b/, 'afoo foo')], [[1, 'b', null], [5, 'foo']])
    same([found(/k/i, '\u212a'), found(/k/iu, '\u212a'), found(/[k]/iu, 'x\u212a'), found(/s/iu, 'ſ')], [null, [0, '\u212a'], [1, '\u212a'], [0, 'ſ']])
    same([found(/é/, 'aéΩ'), found(/Ω/, 'aéΩ'), found(/[^a]/, 'aΩ'), found(/[Ω-ϐ]/, 'aé'), found(/\u{1f600}/u, 'a\ud83d\ude00')],
      [[1, 'é'], [2, 'Ω'], [1, 'Ω'], null, [1, '\ud83d\ude00']])
    same([found(/\ude00/, '\ud83d\ude00'), found(/\ude00/u, '\ud83d\ude00'), found(/^[^x]$/u, '\ud83d\ude00'), found(/^[^x]$/, '\ud83d\ude00')],
      [[1, '\ude00'], null, [0, '\ud83d\ude00'], null])
  },
  'repetitions give back what follows needs'() {
    same([found(/a+X/, 'aaab aX'), found(/a*a/, 'aaa'), found(/a+ab/, 'aaab'), found(/(a+)(a)/, 'aaa')], [[5, 'aX'], [0, 'aaa'], [0, 'aaab'], [0, 'aaa', 'aa', 'a']])
    same([found(/\d{2,3}\d/, '12'), found(/\d{2,3}\d/, '123'), found(/\d{2,3}-/, '12345-')], [null, [0, '123'], [2, '345-']])
    same([found(/.+@.+/, 'a@b@c'), found(/[^@]*@/, 'ab@@'), found(/(.*)b(.*)/s, 'a\nbab')], [[0, 'a@b@c'], [0, 'ab@'], [0, 'a\nbab', 'a\nba', '']])
    same([found(/\S+\.org\b/, 'see a.b.org.'), found(/([\w.]+)@([\w.]+)/, 'x foo.bar@baz.org')], [[4, 'a.b.org'], [2, 'foo.bar@baz.org', 'foo.bar', 'baz.org']])
    same([found(/(?:a|b)+c?$/, 'xabab'), found(/x{0}a/, 'xa'), found(/a{0,2}?b/, 'aab'), found(/A+b/i, 'aAaB')], [[1, 'abab'], [1, 'a'], [0, 'aab'], [0, 'aAaB']])
    same([found(/Ω+a/, 'ΩΩa'), found(/[^a]+a/u, '\ud83d\ude00Ωa'), found(/.+\ude00/, '\ud83d\ude00\ude00')], [[0, 'ΩΩa'], [0, '\ud83d\ude00Ωa'], [0, '\ud83d\ude00\ude00']])
    const long = 'a'.repeat(150000)
    same([/a+b/.exec(`${long}b`)[0].length, /a*?b/.exec(`${long}b`).index, /[bc]/.exec(`${long}c`).index, /b/.exec(`${long}Ωb`).index], [150001, 0, 150000, 150001])
  },
  'every character below 256 is in a class or not'() {
    for (const flags of ['', 'i', 'u', 'iu']) {
      for (const [inside, outside] of [['\\w', '\\W'], ['\\d', '\\D'], ['\\s', '\\S'], ['[a-fé]', '[^a-fé]'], ['[\\u00e0-\\u0200]', '[^\\u00e0-\\u0200]']]) {
        const [a, b] = [new RegExp(`^${inside}+$`, flags), new RegExp(`^${outside}+$`, flags)]
        for (let code = 0; code < 256; code++) {
          const character = String.fromCharCode(code)
          const both = [a, b].map((expression) => [expression.test(character), expression.test(`${character}${character}`)])
          if (flags !== 'iu') same(both[0][0] !== both[1][0], true)
          same([both[0][0], both[1][0]], [both[0][1], both[1][1]])
        }
      }
    }
  },
  'replace'() {
    const replaced = ['$$', '$&', '$`', "$'", '$1', '$2', '$3', '$01', '$10', '$12', '$0', '$', '$$$', 'a$', '$<a>', ''].map((text) => 'xabcax'.replace(/(a)(b)?/g, text))
    same(replaced, ['x$c$x', 'xabcax', 'xxcxabcx', 'xcaxcxx', 'xacax', 'xbcx', 'x$3c$3x', 'xacax', 'xa0ca0x', 'xa2ca2x', 'x$0c$0x', 'x$c$x', 'x$$c$$x', 'xa$ca$x', 'x$<a>c$<a>x', 'xcx'])
    same('ab ab'.replace(/(?<x>a)b/g, '$<x>$<y>$1'), 'aa aa')
    same('éaΩa'.replace(/a/g, 'ß$&'), 'éßaΩßa')
    same(['abc'.replace(/(?:)/g, '-'), '\ud83d\ude00a'.replace(/(?:)/gu, '-'), '\ud83d\ude00'.replace(/(?:)/g, '-'), 'aab'.replace(/a/gy, 'x'), 'baa'.replace(/a/gy, 'x')],
      ['-a-b-c-', '-\ud83d\ude00-a-', '-\ud83d-\ude00-', 'xxb', 'baa'])
    same('a1b2'.replace(/[a-z](\d)/g, (match, digit, at, all) => match.toUpperCase() + digit + at + all.length), 'A1104B2224')
    same('a'.replace(/(a)(a)?(a)?(a)?(a)?(a)?(a)?(a)?(a)?(a)?(a)?/g, '$11|$10|$1|$12|$99'), '||a|a2|9')
  },
  'match and test, and where they leave off'() {
    same(['abab'.match(/a/g), 'b'.match(/a/g), 'ab'.match(/(?:)/g), '\ud83d\ude00'.match(/(?:)/gu), 'aab'.match(/a/gy)], [['a', 'a'], null, ['', '', ''], ['', ''], ['a', 'a']])
    const global = /a/g
    same(Array.from({ length: 5 }, () => [global.test('aba'), global.lastIndex]), [[true, 1], [true, 3], [false, 0], [true, 1], [true, 3]])
    const sticky = /a/y
    same(Array.from({ length: 3 }, () => [sticky.test('ab'), sticky.lastIndex]), [[true, 1], [false, 0], [true, 1]])
    const after = [-1, -0, 1.5, '1', NaN, 1e10, null, { valueOf: () => 1 }].map((lastIndex) => [global.test('aba'.slice(0, (global.lastIndex = lastIndex, 3))), global.lastIndex])
    same(after, [[true, 1], [true, 1], [true, 3], [true, 3], [true, 1], [false, 0], [true, 1], [true, 3]])
    const plain = /a/
    plain.lastIndex = 7
    same([plain.test('ba'), plain.lastIndex, plain.test('b'), plain.lastIndex], [true, 7, false, 7])
    global.lastIndex = 5
    same(['aa'.match(global), global.lastIndex, 'aa'.replace(global, 'b'), global.lastIndex], [['a', 'a'], 0, 'bb', 0])
    same([thrown(() => Object.freeze(/a/g).test('b')), thrown(() => 'a'.match(Object.freeze(/a/g))), Object.freeze(/a/).test('a')], ['TypeError', 'TypeError', true])
    same([thrown(() => RegExp.prototype.test.call(1, 'a')), RegExp.prototype.test.call({ exec: () => ({}) }, 'a')], ['TypeError', true])
  },
  'exec of another'() {
    const own = /a/g
    own.exec = () => null
    same([own.test('a'), 'a'.match(own), 'a'.replace(own, 'b')], [false, null, 'a'])
    let calls = 0
    class Counted extends RegExp { exec(text) { calls++; return super.exec(text) } }
    const counted = new Counted('a', 'g')
    same([counted.test('a'), 'aa'.match(counted), 'aa'.replace(counted, 'b'), calls], [true, ['a', 'a'], 'bb', 7])
    const was = Object.getOwnPropertyDescriptor(RegExp.prototype, 'exec')
    calls = 0
    try {
      Object.defineProperty(RegExp.prototype, 'exec', { get() { calls++; return was.value }, configurable: true })
      same([/a/.test('a'), 'aa'.match(/a/g), 'aa'.replace(/a/g, 'b'), calls], [true, ['a', 'a'], 'bb', 7])
      Object.defineProperty(RegExp.prototype, 'exec', { value: () => null, configurable: true })
      same([/a/.test('a'), 'a'.match(/a/g), 'a'.replace(/a/g, 'b')], [false, null, 'a'])
    } finally {
      Object.defineProperty(RegExp.prototype, 'exec', was)
    }
    const late = /a/g
    same(late.test({ toString() { late.exec = () => null; return 'a' } }), false)
    const compiled = /a/g
    same('aXa'.replace(compiled, { toString() { compiled.compile('X', 'g'); return '!' } }), 'a!a')
  },
  'what exec gives is an array like any other'() {
    const match = /(a)(?<n>b)?/d.exec('xa')
    same([match, match.index, match.input, Object.keys(match), match.indices], [['a', 'a', null], 1, 'xa', ['0', '1', '2', 'index', 'input', 'groups', 'indices'], [[1, 2], [1, 2], null]])
    match.push('more')
    match.length = 2
    same([match, Object.getOwnPropertyDescriptor(match, 0)], [['a', 'a'], { value: 'a', writable: true, enumerable: true, configurable: true }])
    Object.defineProperty(Array.prototype, 0, { set() { throw new Error('seen') }, configurable: true })
    try { same(['aa'.match(/a/g), /a/.exec('a')[0]], [['a', 'a'], 'a']) } finally { delete Array.prototype[0] }
  },
  'flag v has sets, for literals and the constructor, and matches by code points'() {
    same([found(/[[a-z]--[aeiou]]/v, 'ab'), found(/^[\w--\d]$/v, '1'), found(/[\w&&\d]/v, 'a1'), found(/[\q{abc|d}]/v, 'abcd'), found(/[\p{L}--[a-z]]/v, 'aÄ')],
      [[1, 'b'], null, [1, '1'], [0, 'abc'], [1, 'Ä']])
    same([...'\u{1f600}x'.matchAll(/(?:)/gv)].map((match) => match.index), [0, 2, 3])
    same([found(/^.$/v, '\u{1f600}'), found(/[^x]/v, '\u{1f600}'), '\u{1f600}x'.replace(/(?:)/gv, '-'), found(/[🇩🇪😀]/v, '😀')],
      [[0, '\u{1f600}'], [0, '\u{1f600}'], '-\u{1f600}-x-', [0, '😀']])
    const made = new RegExp('[[a-z]--b]', 'giv')
    same([made.source, made.flags, made.unicodeSets, made.unicode, 'aBc'.match(made)], ['[[a-z]--b]', 'giv', true, false, ['a', 'c']])
    same([thrown(() => new RegExp('[a-]', 'v')), thrown(() => new RegExp('[(]', 'v')), thrown(() => new RegExp('a', 'uv')), thrown(() => new RegExp('\\p{RGI_Emoji}', 'v'))],
      ['SyntaxError', 'SyntaxError', 'SyntaxError', 'SyntaxError'])
  },
  'case is folded alike in classes, properties and words'() {
    // As node has it.
    const texts = ['a', 'S', 'k', '\u017f', '\u212a', 'ß', 'É', 'ǅ', 'ς', '_', ' ', '𐐨', 'ax']
    const wanted = [
      [/\p{Lu}/iu, '1111111110011'],
      [/\P{Lu}/iu, '1111111111111'],
      [/[^\p{Lu}]/iu, '0000000001100'],
      [/\p{Lt}/iu, '0000000100000'],
      [/\w/iu, '1111100001001'],
      [/[\W]/iu, '0000011110110'],
      [/[^\W]/iu, '1111100001001'],
      [/\W/i, '0001111110110'],
      [/[\W]/i, '0001111110110'],
      [/\b/iu, '1111100001001'],
      [/\B/iu, '0000011110111'],
      [/\b/i, '1110000001001'],
      [/\p{Script=Greek}/iu, '0000000010000'],
      [/\P{ASCII}/iu, '0111111110010'],
      [/(?<=\p{Lu})x/iu, '0000000000001'],
    ]
    for (const [pattern, answers] of wanted) same([String(pattern), texts.map((text) => Number(pattern.test(text))).join('')], [String(pattern), answers])
  },
})
