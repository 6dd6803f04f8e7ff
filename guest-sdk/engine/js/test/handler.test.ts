// hooks.handle from the call to done() or fail(), and hooks.check.

import assert from "node:assert/strict";
import test from "node:test";
import { bodyText, Guest, handler } from "./support/guest.ts";

const PLAIN = ["content-type", "text/plain;charset=UTF-8"];

test("a string response goes out whole, in one call", async () => {
  const sent = await new Guest().handle(`{ default: { fetch: () => new Response("hello") } }`);
  assert.deepEqual(sent.response, {
    status: 200, headers: PLAIN, body: "hello", streaming: false, chunks: [], closed: false, aborted: null,
  });
  assert.equal(sent.done, true);
});

test("the handler may be a function, an object's method with its this, or a named export", async () => {
  const guest = new Guest();
  assert.equal(bodyText(await guest.handle(`{ default: async () => new Response("function") }`)), "function");
  assert.equal(bodyText(await guest.handle(`{ default: { name: "this", fetch() { return new Response(this.name); } } }`)), "this");
  const named = await guest.handle(`{ admin: { fetch: () => new Response("admin") } }`, { entrypoint: "admin" });
  assert.equal(bodyText(named), "admin");
});

test("request, env and ctx arrive", async () => {
  const sent = await new Guest().handle(
    handler(`return Response.json([request.method, request.url, request.headers.get("X-A"), env, ctx.props, typeof ctx.passThroughOnException()])`),
    { url: "https://EXAMPLE.com:443/a/../b?q", headers: ["x-a", "1", "x-a", "2"], env: ["KEY", "value"] },
  );
  assert.deepEqual(JSON.parse(bodyText(sent)), ["GET", "https://example.com/b?q", "1, 2", { KEY: "value" }, {}, "undefined"]);
  assert.deepEqual(sent.response?.headers, ["content-type", "application/json"]);
});

test("content types follow the body, unless the tenant sets one", async () => {
  const guest = new Guest();
  const typeOf = async (body: string): Promise<string[] | undefined> => (await guest.handle(handler(`return new Response(${body})`))).response?.headers;
  assert.deepEqual(await typeOf(`new URLSearchParams("a=1")`), ["content-type", "application/x-www-form-urlencoded;charset=UTF-8"]);
  assert.deepEqual(await typeOf(`new Blob(["x"], { type: "image/png" })`), ["content-type", "image/png"]);
  assert.deepEqual(await typeOf(`new Uint8Array([65])`), []);
  assert.deepEqual(await typeOf(`"x", { headers: { "Content-Type": "text/html" } }`), ["content-type", "text/html"]);
  assert.deepEqual(await typeOf(`null, { status: 204 }`), []);
});

test("whatever is not a Response fails the request and says what came", async () => {
  const guest = new Guest();
  const message = async (exports: string): Promise<string | undefined> => (await guest.handle(exports)).failure?.message;
  assert.equal(await message(handler("")), "TypeError: handler did not return a Response (got undefined; is a return statement missing?)");
  assert.equal(await message(handler("return { a: 1 }")), "TypeError: handler did not return a Response (got { a: 1 })");
  assert.equal(await message(`{ default: { fetch: () => "text" } }`), "TypeError: handler did not return a Response (got 'text')");
  assert.match((await message(`{}`)) ?? "", /no export named "default"/);
  assert.match((await message(handler("return Response.error()"))) ?? "", /Response\.error\(\)/);
});

test("an exception or rejection fails the request, whatever is thrown", async () => {
  const guest = new Guest();
  const failure = async (body: string) => (await guest.handle(handler(body))).failure;
  const thrown = await failure(`null.x`);
  assert.match(thrown?.message ?? "", /^TypeError: /);
  assert.match(thrown?.stack ?? "", /test\.js/);
  assert.doesNotMatch(thrown?.stack ?? "", /prelude\.js/);
  assert.equal((await guest.handle(`{ default: { fetch() { throw new RangeError("sync") } } }`)).failure?.message, "RangeError: sync");
  assert.equal((await failure(`throw "text"`))?.message, "Uncaught 'text' (a string was thrown, not an Error)");
  assert.equal((await failure(`throw undefined`))?.message, "Uncaught undefined");
  assert.equal((await failure(`throw new Error("out", { cause: new Error("in") })`))?.message, "Error: out [cause: Error: in]");
  assert.equal((await failure(`throw new DOMException("gone", "NotFoundError")`))?.message, "NotFoundError: gone");
  assert.match((await failure(`throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })`))?.message ?? "", /cannot be shown/);
});

test("done waits for every waitUntil promise, also ones added late; a rejected one is logged", async () => {
  const guest = new Guest();
  const sent = await guest.handle(handler(`
    const { waitUntil } = ctx;
    waitUntil(new Promise((done) => setTimeout(() => { console.log("first"); waitUntil(Promise.reject(new Error("late"))); done() }, 50)));
    return new Response("ok")`));
  assert.equal(sent.done, true);
  assert.deepEqual(guest.native.logs.map((line) => line.text.split("\n")[0]), ["first", "Uncaught rejection in waitUntil: Error: late"]);
});

test("a stream goes out chunk by chunk", async () => {
  const sent = await new Guest().handle(handler(`
    return new Response(new ReadableStream({
      async start(controller) {
        for (const part of ["a", "", "b"]) { controller.enqueue(new TextEncoder().encode(part)); await new Promise((done) => setTimeout(done, 5)); }
        controller.enqueue(new Uint8Array([99]).buffer);
        controller.close();
      },
    }), { status: 201 })`));
  assert.equal(sent.response?.streaming, true);
  assert.equal(sent.response?.status, 201);
  assert.deepEqual(sent.response?.chunks.map(String), ["97", "98", "99"]);
  assert.equal(sent.response?.closed, true);
  assert.equal(sent.done, true);
});

test("the request body can be passed on, before and after somebody looked at its stream", async () => {
  const guest = new Guest();
  const echo = await guest.handle(handler("return new Response(request.body)"), { method: "POST", body: ["ab", "cd"] });
  assert.deepEqual(echo.response?.chunks.map((chunk) => Buffer.from(chunk).toString()), ["ab", "cd"]);
  const rest = await guest.handle(
    handler(`
      const reader = request.body.getReader(); const { value } = await reader.read(); reader.releaseLock();
      const [rest] = request.body.tee();
      return new Response(rest, { headers: { "x-first": new TextDecoder().decode(value) } })`),
    { method: "POST", body: ["ab", "cd"] },
  );
  assert.deepEqual([rest.response?.headers, bodyText(rest)], [["x-first", "ab"], "cd"]);
});

test("a response whose body property was touched still goes out whole", async () => {
  const sent = await new Guest().handle(handler(`
    const inner = new Response("text"); inner.body;
    const outer = new Response(inner.body, inner); outer.headers.set("x-a", "b");
    return outer`));
  assert.equal(sent.response?.streaming, false);
  assert.equal(bodyText(sent), "text");
});

test("a used or locked body fails the request", async () => {
  const guest = new Guest();
  const used = await guest.handle(handler(`const response = new Response("x"); await response.text(); return response`));
  assert.match(used.failure?.message ?? "", /the body was already used/);
  const locked = await guest.handle(handler(`const response = new Response(new ReadableStream()); response.body.getReader(); return response`));
  assert.match(locked.failure?.message ?? "", /locked/);
});

test("a body that fails half-way cuts the connection and is logged", async () => {
  const guest = new Guest();
  const broken = await guest.handle(handler(`
    let n = 0;
    return new Response(new ReadableStream({ pull(c) { if (n++) throw new Error("half-way"); c.enqueue(new Uint8Array(1)) } }))`));
  assert.equal(broken.response?.aborted, "Error: half-way");
  assert.equal(broken.response?.closed, false);
  assert.equal(broken.done, true);
  assert.match(guest.native.logs[0]?.text ?? "", /^The response body failed: Error: half-way/);
  const text = await guest.handle(handler(`return new Response(new ReadableStream({ start(c) { c.enqueue("text") }, cancel(why) { console.log(String(why)) } }))`));
  assert.match(text.response?.aborted ?? "", /^TypeError: a body stream must give Uint8Array chunks, but gave a string; encode it with TextEncoder/);
  assert.match(guest.native.logs.map((line) => line.text).join(), /must give Uint8Array chunks/);
});

test("when the client goes away, the source is cancelled and the request's signal aborts", async () => {
  const guest = new Guest();
  const sent = await guest.handle(
    handler(`
      request.signal.addEventListener("abort", () => console.log("aborted"));
      return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1)) }, cancel() { console.log("cancelled") } }))`),
    { writesBeforeDisconnect: 3 },
  );
  assert.equal(sent.response?.chunks.length, 3);
  assert.deepEqual(guest.native.logs.map((line) => line.text).sort(), ["aborted", "cancelled"]);
  assert.equal(sent.done, true);
});

test("an exception in a timer or microtask fails a request that was not answered, and is only logged afterwards", async () => {
  const guest = new Guest();
  const failed = await guest.handle(handler(`setTimeout(() => { throw new Error("timer") }, 5); await new Promise(() => {})`));
  assert.equal(failed.failure?.message, "Error: timer");
  const late = await guest.handle(handler(`
    ctx.waitUntil(new Promise((done) => setTimeout(() => { queueMicrotask(() => { throw new Error("micro") }); setTimeout(done, 1) }, 5)));
    return new Response("ok")`));
  assert.equal(late.failure, null);
  assert.equal(late.done, true);
  assert.deepEqual(guest.native.logs.map((line) => line.text.split("\n")[0]), ["Uncaught exception: Error: timer", "Uncaught exception: Error: micro"]);
});

test("a handler that settles after its request failed answers nobody", async () => {
  const guest = new Guest();
  const sent = await guest.handle(handler(`
    setTimeout(() => { throw new Error("first") }, 1);
    await new Promise((done) => setTimeout(done, 10));
    return new Response("late")`));
  await guest.settle();
  assert.equal(sent.failure?.message, "Error: first");
  assert.equal(sent.response, null);
});

test("a tenant that patches built-ins does not break the request path", async () => {
  const sent = await new Guest().handle(handler(`
    Array.prototype.push = String.prototype.toLowerCase = RegExp.prototype.exec = Promise.prototype.then = Reflect.ownKeys = () => { throw new Error("patched") };
    return new Response("fine", { headers: { "X-Custom-Name": "v" } })`));
  assert.equal(bodyText(sent), "fine");
  assert.deepEqual(sent.response?.headers, ["x-custom-name", "v", ...PLAIN]);
});

test("a module that exports nothing may answer by a listener for fetch, as service workers do", async () => {
  const guest = new Guest();
  guest.eval(`addEventListener("fetch", (event) => {
    event.waitUntil(new Promise((done) => setTimeout(() => { console.log("later"); done() }, 10)));
    event.passThroughOnException();
    const { pathname } = new URL(event.request.url);
    if (pathname === "/whole") event.respondWith(new Response("whole"));
    else if (pathname === "/throws") throw new RangeError("listener");
    else if (pathname === "/twice") { event.respondWith(new Response("once")); event.respondWith(new Response("again")); }
    else if (pathname === "/text") event.respondWith("text");
    else if (pathname !== "/none") event.respondWith((async () => new Response([event.type, event.isTrusted, event instanceof FetchEvent, await event.request.text()].join()))());
  })`);
  const at = (path: string, exports = "{}") => guest.handle(exports, { method: "POST", body: ["body"], url: `https://a.example${path}` });
  const sent = await at("/");
  assert.deepEqual([bodyText(sent), sent.done], ["fetch,true,true,body", true]);
  assert.deepEqual(guest.native.logs.map((line) => line.text), ["later"]);
  // What CommonJS exports when it exports nothing.
  assert.equal(bodyText(await at("/whole", "{ default: {} }")), "whole");
  assert.equal((await at("/throws")).failure?.message, "RangeError: listener");
  assert.match((await at("/none")).failure?.message ?? "", /no listener for "fetch" called event\.respondWith\(\)/);
  assert.equal((await at("/text")).failure?.message, "TypeError: handler did not return a Response (got 'text')");
  guest.native.logs.length = 0;
  assert.equal(bodyText(await at("/twice")), "once");
  assert.match(guest.native.logs[0]?.text ?? "", /^Uncaught exception in a listener for "fetch": InvalidStateError: respondWith was called already/);
  // The module's own handler comes first, and other entry points are none of the listener's.
  assert.equal(bodyText(await at("/whole", `{ default: () => new Response("module") }`)), "module");
  assert.match((await guest.handle("{}", { entrypoint: "admin" })).failure?.message ?? "", /no export named "admin"/);
  assert.equal(guest.hooks.check({}), null);
  assert.match(guest.hooks.check({ default: { get: 1 } }) ?? "", /an object with get/);
});

test("a fetch event is answered in time, and only one that is a request's", async () => {
  const guest = new Guest();
  guest.eval(`addEventListener("fetch", async (event) => { await null; try { event.respondWith(new Response("late")) } catch (e) { console.log(e.name) } })`);
  assert.match((await guest.handle("{}")).failure?.message ?? "", /before anything is awaited/);
  await guest.settle();
  assert.equal(guest.native.logs[0]?.text, "InvalidStateError");
  const out = await guest.body(`
    const event = new FetchEvent("fetch", { request: new Request("https://a.example/") });
    const names = [];
    for (const call of [() => event.respondWith(1), () => event.waitUntil(1), () => new FetchEvent("fetch"), () => new FetchEvent("fetch", { request: {} })])
      try { call() } catch (e) { names.push(e.name) }
    return [event.request.url, event.isTrusted, names]`);
  assert.deepEqual(out, ["https://a.example/", false, ["InvalidStateError", "InvalidStateError", "TypeError", "TypeError"]]);
});

test("check says what is missing", () => {
  const guest = new Guest();
  const check = (exports: string): string | null => guest.hooks.check(guest.eval(`(${exports})`) as object);
  assert.equal(check(`{ default: { fetch() {} } }`), null);
  assert.equal(check(`{ default: () => {} }`), null);
  assert.match(check(`{}`) ?? "", /^the main module has no default export with a fetch handler; add one, such as: export default/);
  assert.match(check(`{ default: {} }`) ?? "", /is an empty object and has no fetch handler/);
  assert.match(check(`{ default: { fetch: 1 } }`) ?? "", /fetch is a number, not a function/);
  assert.match(check(`{ default: class {} }`) ?? "", /is a class/);
  assert.match(check(`{ default: { get: 1, post: 2 } }`) ?? "", /an object with get, post/);
});

test("rejection describes reasons", () => {
  const guest = new Guest();
  const [message, stack] = guest.hooks.rejection(guest.eval(`new TypeError("x")`), Promise.resolve(), false);
  assert.equal(message, "TypeError: x");
  assert.match(stack ?? "", /test\.js/);
  assert.deepEqual([...guest.hooks.rejection(guest.eval(`({ code: 5 })`), Promise.resolve(), false)], ["Uncaught { code: 5 }", ""]);
});
