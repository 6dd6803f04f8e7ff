// Encoding, URLs, base64, structured clone, crypto, DOMException.

import assert from "node:assert/strict";
import test from "node:test";
import { Guest } from "./support/guest.ts";

const guest = new Guest();
const run = <T = unknown>(source: string): Promise<T> => guest.body<T>(source);
const thrown = (source: string): Promise<string> =>
  run(`try { await (async () => { ${source} })(); return "nothing was thrown" } catch (e) { return e.name + ": " + e.message }`);

test("UTF-8 split anywhere decodes like the whole", async () => {
  assert.equal(
    await run(`
      const bytes = new TextEncoder().encode("\\ufeffaé€😀\\ufeff"); const broken = [0xe2, 0x82, 0x41, 0xf0, 0x9f, 0x98, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80];
      let wrong = 0;
      for (const source of [bytes, new Uint8Array(broken)]) {
        const whole = new TextDecoder().decode(source);
        for (let i = 0; i <= source.length; i++) for (let j = i; j <= source.length; j++) {
          const d = new TextDecoder();
          const parts = d.decode(source.subarray(0, i), { stream: true }) + d.decode(source.subarray(i, j), { stream: true }) + d.decode(source.subarray(j), { stream: true }) + d.decode();
          if (parts !== whole) wrong++;
        }
      }
      return wrong`),
    0,
  );
});

test("TextDecoder options and labels", async () => {
  assert.deepEqual(
    await run(`
      return [new TextDecoder(" UTF8\\n").encoding, new TextDecoder("utf-16").encoding, new TextDecoder("utf-16be").decode(new Uint8Array([0, 65])), new TextDecoder("utf-16le").decode(new Uint8Array([0x3d, 0xd8, 0, 0xde])),
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf])).length, new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf])).length, new TextDecoder().decode(),
        new TextDecoder("latin1").encoding, new TextDecoder("cp1251").decode(new Uint8Array([65, 0xcf])), new TextDecoder("shift_jis").encoding]`),
    ["utf-8", "utf-16le", "A", "😀", 1, 0, "", "windows-1252", "A\u041f", "shift_jis"],
  );
  assert.match(await thrown(`new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff]))`), /^TypeError/);
  assert.match(await thrown(`new TextDecoder("klingon")`), /RangeError: TextDecoder does not know the encoding "klingon"/);
  assert.match(await thrown(`new TextDecoder().decode("text")`), /expected an ArrayBuffer/);
});

test("encodeInto and the encoding streams", async () => {
  assert.deepEqual(
    await run(`
      const into = (text, room) => { const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(room)); return [read, written] };
      const stream = new ReadableStream({ start(c) { c.enqueue("a\\ud83d"); c.enqueue("\\ude00"); c.enqueue("\\ud83d"); c.close() } });
      const encoded = stream.pipeThrough(new TextEncoderStream());
      const decoded = []; for await (const text of encoded.pipeThrough(new TextDecoderStream())) decoded.push(text);
      return [into("a€b", 4), into("a€b", 3), into("😀", 3), into("abc", 9), decoded.join("")]`),
    [[2, 4], [1, 1], [0, 0], [3, 3], "a😀\ufffd"],
  );
});

test("a URL and its searchParams stay in step", async () => {
  assert.deepEqual(
    await run(`
      const url = new URL("../b?x=1#h", "https://u:p@EXAMPLE.com:8080/a/c"); const params = url.searchParams; const log = [url.href, url.origin];
      params.append("y", "ä &"); log.push(url.search); url.search = "?z=3"; log.push([...params]); url.href = "https://other.example/?q"; log.push(params.toString(), params === url.searchParams);
      params.delete("q"); log.push(url.href); url.port = "x"; url.protocol = "http"; url.pathname = "/ü"; url.hash = "f"; log.push(url.href, JSON.stringify({ url }));
      return [...log, URL.canParse("nope"), URL.parse("/x"), URL.parse("/x", "https://a.example").href]`),
    [
      "https://u:p@example.com:8080/b?x=1#h", "https://example.com:8080", "?x=1&y=%C3%A4+%26", [["z", "3"]], "q=", true, "https://other.example/",
      "http://other.example/%C3%BC#f", '{"url":"http://other.example/%C3%BC#f"}', false, null, "https://a.example/x",
    ],
  );
  assert.equal(await thrown(`new URL("/x")`), 'TypeError: Invalid URL: "/x" is relative; give a base as the second argument');
  assert.equal(await thrown(`new URL("x", "y")`), 'TypeError: Invalid URL: "x" with base "y"');
});

test("URLSearchParams from every kind of source", async () => {
  assert.deepEqual(
    await run(`
      const list = (init) => new URLSearchParams(init).toString();
      const params = new URLSearchParams("b=1&a=2&b=3&a=%zz&c"); params.sort(); const seen = []; params.forEach((value, name) => seen.push(name + value));
      return [list("?a=1&&b"), list({ a: 1, b: "x y" }), list([["a", "1"], ["a", "2"]]), list(new Map([["m", "1"]])), list(new URLSearchParams("c=3")), list("a=%F0%9F%98%80&b=%ff"), params.toString(), seen, params.size, params.has("a", "2")]`),
    ["a=1&b=", "a=1&b=x+y", "a=1&a=2", "m=1", "c=3", "a=%F0%9F%98%80&b=%EF%BF%BD", "a=2&a=%25zz&b=1&b=3&c=", ["a2", "a%zz", "b1", "b3", "c"], 5, true],
  );
});

test("base64", async () => {
  assert.deepEqual(await run(`return [btoa("a\\xff"), atob(" YQ = = ")]`), ["Yf8=", "a"]);
  assert.match(await thrown(`btoa("€")`), /^InvalidCharacterError: .*encode it with TextEncoder first/);
  assert.match(await thrown(`atob("a")`), /^InvalidCharacterError/);
});

test("structuredClone copies every kind, with cycles and shared parts", async () => {
  assert.deepEqual(
    await run(`
      const buffer = new Uint8Array([1, 2, 3, 4]).buffer; const shared = { n: 1 };
      const source = { date: new Date(5), re: /a/gi, map: new Map([[shared, new Set([shared])]]), array: [1, , 3], view: new Uint16Array(buffer, 2, 1), buffer,
        boxed: [new String("s"), new Number(1), new Boolean(false), Object(2n)], error: Object.assign(new RangeError("r", { cause: shared }), { extra: 1 }), big: 10n, undef: undefined,
        file: new File(["x"], "n.txt"), exception: new DOMException("m", "DataError"), nul: null, class: new (class A { x = 1 })() };
      source.self = source;
      const c = structuredClone(source);
      return [c !== source && c.self === c, c.date.getTime(), String(c.re), [...c.map][0][1].has([...c.map][0][0]), c.array.length, 1 in c.array, c.view[0] === 0x0403, c.view.buffer === c.buffer, c.buffer !== buffer,
        c.boxed.map((b) => typeof b + b), c.error instanceof RangeError, c.error.message, c.error.cause === [...c.map][0][0], c.error.extra, "undef" in c, c.file.name, await c.file.text(), c.exception.name, c.class.constructor === Object, c.class.x]`),
    [true, 5, "/a/gi", true, 3, false, true, true, true, ["objects", "object1", "objectfalse", "object2"], true, "r", true, null, true, "n.txt", "x", "DataError", true, 1],
  );
});

test("structuredClone transfers buffers, also under views and in maps", async () => {
  assert.deepEqual(
    await run(`
      const buffer = new Uint8Array([1, 2]).buffer; const view = new Uint8Array(buffer);
      const [b, v, m] = structuredClone([buffer, view, new Map([[buffer, view]])], { transfer: [buffer] });
      return [buffer.byteLength, [...v], v.buffer === b, m.get(b) === v]`),
    [0, [1, 2], true, true],
  );
  assert.match(await thrown(`const b = new ArrayBuffer(1); try { structuredClone({ b, f() {} }, { transfer: [b] }) } finally { if (b.byteLength !== 1) throw new Error("moved") }`), /^DataCloneError/);
});

test("structuredClone refuses what cannot be cloned, by name", async () => {
  assert.equal(await thrown(`structuredClone({ a: { f() {} } })`), "DataCloneError: structuredClone: [Function: f] cannot be cloned");
  for (const value of ["Symbol('x')", "new WeakMap()", "Promise.resolve()", "new Headers()", "new Response()", "new ReadableStream()", "Object(Symbol('x'))", "new AbortController().signal"]) {
    assert.match(await thrown(`structuredClone(${value})`), /^DataCloneError: structuredClone: .* cannot be cloned$/, value);
  }
});

test("digests and random values", async () => {
  assert.deepEqual(
    await run(`
      const hex = async (name, data) => [...new Uint8Array(await crypto.subtle.digest(name, data))].map((b) => b.toString(16).padStart(2, "0")).join("").slice(0, 16);
      const data = new TextEncoder().encode("abc"); const array = new Uint32Array(4);
      return [await hex("sha-256", data), await hex({ name: "SHA-1" }, data.buffer), await hex("SHA-512", new DataView(data.buffer)), crypto.getRandomValues(array) === array, array.some((n) => n > 255), crypto.randomUUID().length, Math.random()]`),
    ["ba7816bf8f01cfea", "a9993e364706816a", "ddaf35a193617aba", true, true, 36, 0.5],
  );
  assert.match(await thrown(`await crypto.subtle.digest("MD5", new Uint8Array())`), /^NotSupportedError: crypto.subtle.digest does not know "MD5"; SHA-1, SHA-256/);
  assert.match(await thrown(`await crypto.subtle.importKey()`), /^TypeError: crypto.subtle.importKey needs 5 arguments, but got 0/);
  assert.match(await thrown(`await SubtleCrypto.prototype.digest.call({}, "SHA-1", new Uint8Array())`), /^TypeError/);
  for (const name of ["CryptoKey", "SubtleCrypto"]) assert.match(await thrown(`new ${name}()`), /^TypeError: \w+ cannot be constructed/);
  assert.match(await thrown(`crypto.getRandomValues(new Uint8Array(65537))`), /^QuotaExceededError: .* at most 65536 bytes a call/);
  assert.match(await thrown(`crypto.getRandomValues(new Float32Array(1))`), /^TypeMismatchError/);
  assert.match(await thrown(`new Crypto()`), /^TypeError: Crypto cannot be constructed/);
});

test("QuotaExceededError is a DOMException that may say how much", async () => {
  assert.deepEqual(
    await run(`
      const e = structuredClone(new QuotaExceededError("m", { quota: 1, requested: 2 }));
      return [e instanceof QuotaExceededError, e instanceof DOMException, e.name, e.code, e.quota, e.requested, new QuotaExceededError().quota,
        structuredClone(new DOMException("x", "QuotaExceededError")) instanceof QuotaExceededError]`),
    [true, true, "QuotaExceededError", 22, 1, 2, null, false],
  );
  assert.match(await thrown(`new QuotaExceededError("", { quota: 2, requested: 1 })`), /^RangeError/);
  assert.match(await thrown(`new QuotaExceededError("", { quota: -1 })`), /^RangeError/);
  assert.match(await thrown(`new QuotaExceededError("", { quota: NaN })`), /^TypeError/);
});

test("DOMException has codes, constants and Error's behaviour", async () => {
  assert.deepEqual(
    await run(`
      const e = new DOMException("m", "NotFoundError"); class Mine extends DOMException {}
      return [e.code, DOMException.NOT_FOUND_ERR, e.DATA_CLONE_ERR, String(e), e instanceof Error, Object.prototype.toString.call(e), new DOMException().name, new DOMException("x", { name: "N", cause: 1 }).cause,
        new Mine("y") instanceof Mine, Object.getPrototypeOf(DOMException) === Function.prototype, typeof e.stack]`),
    [8, 8, 25, "NotFoundError: m", true, "[object DOMException]", "Error", 1, true, true, "string"],
  );
});
