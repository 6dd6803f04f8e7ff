// The bundle under quickjs-ng: one pass over each area, so that nothing depends on V8.

import assert from "node:assert/strict";
import test, { before } from "node:test";
import { QuickJsGuest } from "./support/quickjs.ts";

let guest: QuickJsGuest;
before(async () => {
  guest = await QuickJsGuest.start();
});

test("no native is left on the global and every name of the list is there", () => {
  assert.equal(guest.eval("typeof __native"), "undefined");
  const missing = guest.eval(`JSON.stringify(["AbortController","AbortSignal","Blob","CustomEvent","DOMException","Event","EventTarget","File",
    "FormData","Headers","ReadableStream","Request","Response","TextDecoder","TextDecoderStream","TextEncoder","TextEncoderStream",
    "TransformStream","URL","URLSearchParams","WritableStream","atob","btoa","clearInterval","clearTimeout","console","crypto","fetch",
    "navigator","performance","queueMicrotask","reportError","self","setInterval","setTimeout","structuredClone"]
    .filter((name) => typeof globalThis[name] === "undefined"))`);
  assert.equal(missing, "[]");
});

test("a string response goes out whole", () => {
  const state = guest.handle(`{ default: { fetch: () => new Response("hi", { status: 201, headers: { "X-A": "b" } }) } }`);
  assert.deepEqual(state.sent, { status: 201, headers: ["x-a", "b", "content-type", "text/plain;charset=UTF-8"], body: "hi", streaming: false });
  assert.equal(state.done, true);
});

test("an echo of a request body streams through", () => {
  const state = guest.handle(`{ default: { async fetch(request) { return new Response(request.body) } } }`, { method: "POST", body: ["ab", "cd"] });
  assert.deepEqual(state.chunks, ["ab", "cd"]);
  assert.equal(state.closed, true);
});

test("a stream of the tenant's own, with timers in between", () => {
  const state = guest.handle(`{ default: { async fetch() {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    (async () => { for (const part of ["one", "two"]) { await writer.write(new TextEncoder().encode(part)); await new Promise((done) => setTimeout(done, 10)); } await writer.close(); })();
    return new Response(readable);
  } } }`);
  assert.deepEqual(state.chunks, ["one", "two"]);
  assert.equal(state.failure, null);
});

test("an exception fails the request with the tenant's frames", () => {
  const state = guest.handle(`{ default: { async fetch() { undefined.x } } }`);
  const [message, stack] = state.failure as [string, string];
  assert.match(message, /^TypeError: /);
  assert.match(stack, /fetch .*test\.js/);
  assert.doesNotMatch(stack, /prelude\.js/);
});

test("requests, URLs, forms and streams", () => {
  const out = guest.body(`
    const url = new URL("https://a.example/p?x=1"); url.searchParams.append("y", "ä b");
    const request = new Request(url, { method: "POST", body: new URLSearchParams({ q: "1" }) });
    const form = new FormData(); form.set("f", new File(["data"], "a.txt", { type: "text/plain" })); form.set("s", "text");
    const parsed = await new Response(form).formData();
    const piped = await new Response(new Blob(["gr\\u00fc\\u00df"]).stream().pipeThrough(new TextDecoderStream()).pipeThrough(new TextEncoderStream())).text();
    return [url.href, request.headers.get("content-type"), (await request.formData()).get("q"), await parsed.get("f").text(), parsed.get("s"), piped];
  `);
  assert.deepEqual(out, [
    "https://a.example/p?x=1&y=%C3%A4+b", "application/x-www-form-urlencoded;charset=UTF-8", "1", "data", "text", "grüß",
  ]);
});

test("errors have a DOMException's name, code and stack", () => {
  const out = guest.body(`
    const error = await crypto.subtle.digest("MD5", new Uint8Array()).catch((error) => error);
    const controller = new AbortController(); controller.abort();
    return [error.name, error.code, error instanceof DOMException, error instanceof Error, typeof error.stack, controller.signal.reason.name];
  `);
  assert.deepEqual(out, ["NotSupportedError", 9, true, true, "string", "AbortError"]);
});

test("structuredClone keeps cycles and kinds", () => {
  const out = guest.body(`
    const source = { date: new Date(5), map: new Map([["k", new Set([1])]]), bytes: new Uint8Array([1, 2]), error: new RangeError("r"), re: /x/gi };
    source.self = source;
    const copy = structuredClone(source);
    return [copy.self === copy, copy.date.getTime(), copy.map.get("k").has(1), [...copy.bytes], copy.error instanceof RangeError, String(copy.re)];
  `);
  assert.deepEqual(out, [true, 5, true, [1, 2], true, "/x/gi"]);
});

test("console formats values", () => {
  guest.eval("__state.logs.length = 0; console.log('%s is %d', 'x', 4, { a: [1, { b: new Map([[1, 2]]) }], f() {} }, new Error('boom').message)");
  const logs = JSON.parse(guest.eval("JSON.stringify(__state.logs)") as string) as string[][];
  assert.equal(logs[0]?.[1], "x is 4 { a: [ 1, { b: [Map] } ], f: [Function: f] } boom");
});
