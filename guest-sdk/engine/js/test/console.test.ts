// console and inspect: the same text as Node's, for everything that is not a stack or a web object.

import assert from "node:assert/strict";
import test from "node:test";
import { format, inspect } from "node:util";
import { Guest } from "./support/guest.ts";

const guest = new Guest();

function logged(source: string): string[] {
  guest.native.logs.length = 0;
  guest.eval(source);
  return guest.native.logs.map((line) => line.text);
}

// Evaluated here and in the guest.
const VALUES = [
  `1`, `-0`, `10n`, `"text"`, `null`, `undefined`, `true`, `Symbol("s")`, `NaN`,
  `[]`, `{}`, `[1, "two", [3, [4, [5, [6]]]]]`, `{ a: { b: { c: { d: 1 } } } }`, `{ "a-b": 1, 2: 3, [Symbol("k")]: 4, "": 5 }`,
  `["it's", 'say "x"', "both ' and \\"", "line\\nbreak\\t\\u0000\\u001b", "\\ud800"]`,
  `new Map([["a", { b: 1 }], [{ k: 1 }, 2]])`, `new Set([1, "a", [2]])`, `new Map()`, `new Set()`, `{ m: new Map([[1, new Map([[2, new Map()]])]]) }`,
  `[1, , 3]`, `[, ,]`, `Object.assign([1, 2], { extra: true })`,
  `new Date(0)`, `new Date(NaN)`, `/re/gi`, `new Number(-0)`, `new String("boxed")`, `new Boolean(false)`, `Object(Symbol("s"))`, `Object(1n)`,
  `function named() {}`, `() => {}`, `async function af() {}`, `function* gen() {}`, `class A {}`, `class B extends Array {}`, `Object.assign(function f() {}, { x: 1 })`,
  `Object.create(null)`, `Object.assign(Object.create(null), { a: 1 })`, `new (class Point { constructor() { this.x = 1; this.y = [2] } })()`, `new (class Empty {})()`,
  `Object.defineProperty({}, "g", { get() { return 1 }, enumerable: true })`, `{ get a() { return 1 }, set a(v) {}, set b(v) {} }`,
  `new Uint8Array([1, 2, 3])`, `new Float64Array(2)`, `new Uint8Array(0)`, `new Uint8Array([1, 2, 250]).buffer`, `new BigInt64Array(1)`,
  `new (class Foo extends Map {})([[1, 2]])`, `{ [Symbol.toStringTag]: "Tagged", a: 1 }`,
  `(() => { const a = { name: "a" }; a.self = a; a.list = [a, { a }]; return a })()`,
  `(() => { const a = {}, b = { a }; a.b = b; return [a, b] })()`,
  `Array.from({ length: 120 }, (_, i) => i)`, `Array.from({ length: 30 }, (_, i) => "item" + i)`, `Array.from({ length: 8 }, (_, i) => ({ i }))`,
  `Array.from({ length: 7 }, (_, i) => "x".repeat(i * 5))`, `[1.5, 200, -3, 4444, 5, 6, 7, 8, 9, 10]`,
  `{ long: "x".repeat(100), b: [1, 2, 3] }`, `{ a: "x".repeat(40), b: "y".repeat(40) }`, `Array.from({ length: 10 }, (_, i) => ({ id: i, name: "name" + i, tags: ["a", "b"] }))`,
  `{ user: { id: 1, name: "Ada", roles: ["admin", "dev"], address: { city: "Berlin", geo: { lat: 1, lon: 2 } } }, ok: true, items: [{ sku: 1, qty: 2 }, { sku: 2, qty: 1 }] }`,
  `new Map([["key", "x".repeat(80)], ["other", { nested: new Set(["y".repeat(30)]) }]])`,
  `[undefined, null, () => {}, Symbol.iterator]`, `{ f() {}, async g() {}, h: class {} }`, `[["a", 1], ["b", 2]]`, `new WeakMap()`, `new Set([[1, 2], { a: 1 }])`,
  `[ "a".repeat(10001) ]`,
];

for (const source of VALUES) {
  test(`inspect ${source.slice(0, 60)}`, () => {
    const value = (0, eval)(`(${source})`) as unknown;
    assert.deepEqual(logged(`console.log([${source}][0], 1)`), [format(typeof value === "string" ? value : inspect(value), 1)]);
  });
}

test("%-formats are Node's", () => {
  const calls = [
    `"%s is %d years and %i, %f", "Ada", 36.5, 36.9, "1.50"`, `"%j", { a: 1 }`, `"%o|%O", { a: 1 }, { b: { c: { d: {} } } }`, `"100%% %c styled", "color: red"`,
    `"%s", null, undefined, 5n, Symbol("x"), { a: 1 }`, `"%d %d %d", "x", 5n, {}`, `"no args %s"`, `"extra", 1, "two", [3]`, `5, "%s", "x"`, `"%s %s", "one"`, `"a%", 1`, `"%x", 1`,
    `"%s", [1, [2, [3]]]`, `"%s", function f() {}`, `"%s", -0`, `"%d", -0`, `"%i", "42.9px"`, `""`,
  ];
  for (const call of calls) {
    assert.deepEqual(logged(`console.log(${call})`), [(0, eval)(`(format) => format(${call})`)(format)], call);
  }
});

test("levels, groups, counts, assertions", () => {
  guest.native.logs.length = 0;
  guest.eval(`console.debug("d"); console.info("i"); console.warn("w"); console.error("e"); console.trace("t"); console.dir({ a: 1 })`);
  assert.deepEqual(guest.native.logs.map((line) => line.level), ["debug", "info", "warn", "error", "trace", "log"]);
  assert.match(guest.native.logs[0]?.stack ?? "", /test\.js/);
  assert.match(guest.native.logs[4]?.text ?? "", /^Trace: t\n.*test\.js/);
  assert.deepEqual(logged(`console.group("outer"); console.log("a\\nb"); console.group(); console.log("c"); console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log("d")`), [
    "outer", "  a\n  b", "    c", "d",
  ]);
  assert.deepEqual(logged(`console.count(); console.count("x"); console.count(); console.countReset(); console.count(); console.countReset("none")`), [
    "default: 1", "x: 1", "default: 2", "default: 1", "Count for 'none' does not exist",
  ]);
  assert.deepEqual(logged(`console.assert(true, "no"); console.assert(false); console.assert(0, "is %s", "zero"); console.assert(null, { a: 1 })`), [
    "Assertion failed", "Assertion failed: is zero", "Assertion failed: { a: 1 }",
  ]);
});

test("timers say how long, in steps of the request's clock", () => {
  guest.native.logs.length = 0;
  guest.eval(`performance.now(); console.time("t")`);
  guest.native.now += 12.3456;
  guest.eval(`console.timeLog("t", { a: 1 })`);
  guest.native.now += 2000;
  guest.eval(`console.timeEnd("t"); console.timeEnd("t")`);
  assert.deepEqual(guest.native.logs.map((line) => line.text), ["t: 12.346ms { a: 1 }", "t: 2.012s", 'No such label "t" for console.timeEnd()']);
});

test("tables", () => {
  assert.deepEqual(logged(`console.table([{ a: 1, b: "x" }, { a: 2, c: true }, 5])`), [
    [
      "┌─────────┬───┬─────┬──────┬────────┐",
      "│ (index) │ a │ b   │ c    │ Values │",
      "├─────────┼───┼─────┼──────┼────────┤",
      "│ 0       │ 1 │ 'x' │      │        │",
      "│ 1       │ 2 │     │ true │        │",
      "│ 2       │   │     │      │ 5      │",
      "└─────────┴───┴─────┴──────┴────────┘",
    ].join("\n"),
  ]);
  assert.match(logged(`console.table(new Map([["k", "v"]]))`)[0] ?? "", /\(iteration index\) │ Key │ Values/);
  assert.match(logged(`console.table([{ a: 1, b: 2 }], ["b"])`)[0] ?? "", /│ \(index\) │ b │/);
  assert.deepEqual(logged(`console.table("text")`), ["text"]);
});

test("errors show their stack, cause and own properties", () => {
  const [text] = logged(`console.log(Object.assign(new TypeError("bad", { cause: new Error("root") }), { code: "E1" }))`);
  assert.match(text ?? "", /^TypeError: bad\n {4}at test\.js[^]* \{\n {2}\[cause\]: Error: root\n[^]*code: 'E1'\n\}$/);
  assert.match(logged(`console.log({ e: new RangeError("in an object") })`)[0] ?? "", /^\{\n {2}e: RangeError: in an object\n {6}at /);
  assert.match(logged(`console.log(new DOMException("gone", "NotFoundError"))`)[0] ?? "", /^NotFoundError: gone\n {4}at /);
  assert.match(logged(`console.log(new AggregateError([new Error("one")], "all"))`)[0] ?? "", /^AggregateError: all\n[^]*\[errors\]: \[/);
});

test("web objects show what is in them without being used up", () => {
  assert.deepEqual(
    logged(`
      console.log(new Headers({ b: "2", a: "1" }));
      console.log(new URLSearchParams("q=1&q=2"));
      console.log(new File(["abc"], "a.txt", { type: "text/plain", lastModified: 5 }));
      console.log(new AbortController());
      console.log(new ReadableStream());
    `),
    [
      "Headers { a: '1', b: '2' }",
      "URLSearchParams { q: '1', q: '2' }",
      "File { name: 'a.txt', lastModified: 5, size: 3, type: 'text/plain' }",
      "AbortController {}",
      "ReadableStream { locked: false, state: 'readable' }",
    ],
  );
  const [response, request, url] = logged(`console.log(new Response("x")); console.log(new Request("https://a.example/")); console.log({ url: new URL("https://a.example/p?q") })`);
  assert.match(response ?? "", /^Response \{\n[^]*status: 200,[^]*headers: Headers \{ 'content-type'/);
  assert.match(request ?? "", /^Request \{\n[^]*method: 'GET',\n {2}url: 'https:\/\/a\.example\/'/);
  assert.match(url ?? "", /url: URL \{\n {4}href: 'https:\/\/a\.example\/p\?q',/);
});

// Node's own have numbers among their properties while it tests, so what it prints otherwise is written out.
test("promises show what has become of them", () => {
  const settled = (state: number, value: string): string => {
    const promise = guest.eval("globalThis.promise = (async () => {})()");
    // Node's marks, which are enumerable.
    for (const mark of Object.getOwnPropertySymbols(promise)) Object.defineProperty(promise, mark, { enumerable: false });
    guest.native.settled.set(promise, [state, guest.eval(`(${value})`)]);
    return logged("console.log(promise)")[0] as string;
  };
  assert.equal(settled(0, "1"), "Promise { <pending> }");
  assert.equal(settled(1, "5"), "Promise { 5 }");
  assert.equal(settled(1, "undefined"), "Promise { undefined }");
  assert.equal(settled(1, "{ a: [1, { b: { c: 2 } }] }"), "Promise { { a: [ 1, [Object] ] } }");
  assert.equal(settled(2, "'no'"), "Promise { <rejected> 'no' }");
  assert.equal(settled(1, `{ long: "${"x".repeat(80)}", next: 1 }`), `Promise {\n  {\n    long: '${"x".repeat(80)}',\n    next: 1\n  }\n}`);
  assert.match(settled(2, "new TypeError('no')"), /^Promise \{\n {2}<rejected> TypeError: no\n {6}at .*test\.js[^]*\n\}$/);
  assert.deepEqual(logged("console.log(Object.create(Promise.prototype))"), ["Promise {}"]);
});

test("a custom inspect method is honoured, and a failing getter of a proxy does not end the request", () => {
  assert.deepEqual(logged(`console.log({ [Symbol.for("nodejs.util.inspect.custom")]() { return "custom!" } })`), ["custom!"]);
  assert.deepEqual(logged(`console.log({ toString() { throw new Error("no") } }).length`.replace(".length", "")), ["{ toString: [Function: toString] }"]);
});
