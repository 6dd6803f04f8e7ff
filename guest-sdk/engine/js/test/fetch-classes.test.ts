// Headers, Request, Response and bodies: what the Web Platform Tests do not say about a server, and its main cases.

import assert from "node:assert/strict";
import test from "node:test";
import { bodyText, Guest, handler } from "./support/guest.ts";

const guest = new Guest();
const run = <T = unknown>(source: string): Promise<T> => guest.body<T>(source);
const thrown = (source: string): Promise<string> =>
  run(`try { await (async () => { ${source} })(); return "nothing was thrown" } catch (e) { return e.name + ": " + e.message }`);

test("headers combine, sort and keep cookies apart", async () => {
  const out = await run(`
    const headers = new Headers([["B", "1"], ["a", "2"], ["b", " 3 "], ["Set-Cookie", "x=1"], ["set-cookie", "y=2"]]);
    headers.set("c", "old"); headers.append("C", "new"); headers.set("C", "only");
    return [[...headers], headers.get("b"), headers.getSetCookie(), headers.has("SET-COOKIE"), headers.get("none")];
  `);
  assert.deepEqual(out, [
    [["a", "2"], ["b", "1, 3"], ["c", "only"], ["set-cookie", "x=1"], ["set-cookie", "y=2"]],
    "1, 3", ["x=1", "y=2"], true, null,
  ]);
});

test("iterating headers is live", async () => {
  const out = await run(`
    const headers = new Headers({ a: "1", c: "3" }); const seen = [];
    for (const [name] of headers) { seen.push(name); if (name === "a") headers.set("b", "2") }
    return seen`);
  assert.deepEqual(out, ["a", "b", "c"]);
});

test("bad header names and values are refused with the reason", async () => {
  assert.equal(await thrown(`new Headers({ "a b": "1" })`), 'TypeError: "a b" is not a valid header name');
  assert.equal(await thrown(`new Headers().set("a", "1\\n2")`), 'TypeError: the value of header "a" must not contain NUL, CR or LF');
  assert.match(await thrown(`new Headers().set("a", "1\\u20ac")`), /has a character above U\+00FF at position 1/);
  assert.match(await thrown(`new Headers([["a"]])`), /pair, but one has 1 elements/);
  assert.match(await thrown(`new Headers().get()`), /Headers.get needs 1 argument, but got 0/);
  assert.match(await thrown(`new Headers("a")`), /headers must be/);
});

test("the incoming request's headers are immutable, copies are not", async () => {
  const sent = await new Guest().handle(
    handler(`
      let message = ""; try { request.headers.set("a", "b") } catch (e) { message = e.message }
      const copy = new Request(request, { headers: { ...Object.fromEntries(request.headers), b: "2" } });
      const plain = new Request(request); plain.headers.set("c", "3");
      return Response.json([message, [...copy.headers], [...plain.headers]])`),
    { headers: ["a", "1"] },
  );
  const [message, copy, plain] = JSON.parse(bodyText(sent)) as [string, unknown, unknown];
  assert.match(message, /immutable; make a copy with new Headers/);
  assert.deepEqual([copy, plain], [[["a", "1"], ["b", "2"]], [["a", "1"], ["c", "3"]]]);
});

test("a request is made from parts or from another request", async () => {
  const out = await run(`
    const first = new Request("https://a.example/x", { method: "post", body: "text", headers: { "x-a": "1" }, redirect: "manual", cache: "no-store" });
    const second = new Request(first, { method: "PUT" });
    return [second.method, second.url, [...second.headers], second.redirect, second.cache, first.bodyUsed, await second.text(), second.bodyUsed,
      new Request("https://a.example").method, new Request("https://a.example", { method: "patch" }).method, String(new Request("https://a.example").signal.aborted)];
  `);
  assert.deepEqual(out, [
    "PUT", "https://a.example/x", [["content-type", "text/plain;charset=UTF-8"], ["x-a", "1"]], "manual", "no-store", true, "text", true, "GET", "patch", "false",
  ]);
});

test("impossible requests are refused with the reason", async () => {
  assert.match(await thrown(`new Request("/x")`), /"\/x" is not an absolute URL; build one with new URL/);
  assert.match(await thrown(`new Request("https://u:p@a.example/")`), /must not contain a user name or password/);
  assert.match(await thrown(`new Request("https://a.example/", { method: "GET", body: "" })`), /method GET cannot have a body/);
  assert.match(await thrown(`new Request("https://a.example/", { method: "TRACE" })`), /TRACE is not allowed/);
  assert.match(await thrown(`new Request("https://a.example/", { method: "a b" })`), /not a valid HTTP method/);
  assert.match(await thrown(`new Request("https://a.example/", { redirect: "never" })`), /must be one of "follow", "error", "manual", not "never"/);
  assert.match(await thrown(`new Request("https://a.example/", { signal: {} })`), /signal must be an AbortSignal/);
});

test("a request's signal follows the one it was given", async () => {
  assert.deepEqual(
    await run(`
      const controller = new AbortController();
      const request = new Request("https://a.example/", { signal: controller.signal });
      const copy = request.clone(); const log = [];
      copy.signal.onabort = () => log.push("copy"); request.signal.onabort = () => log.push("request");
      controller.abort("why");
      return [log.sort(), request.signal.reason, request.signal === controller.signal]`),
    [["copy", "request"], "why", false],
  );
});

test("responses: statuses, helpers and their errors", async () => {
  assert.deepEqual(
    await run(`
      const json = Response.json({ a: 1 }, { status: 201, headers: { "x-a": "b" } });
      const redirect = Response.redirect("https://a.example/y", 303);
      const error = Response.error();
      return [json.status, json.ok, [...json.headers], await json.json(), redirect.status, redirect.headers.get("location"), error.type, error.status, new Response().body, new Response("x", { statusText: "Fine" }).statusText]`),
    [201, true, [["content-type", "application/json"], ["x-a", "b"]], { a: 1 }, 303, "https://a.example/y", "error", 0, null, "Fine"],
  );
  assert.equal(await thrown(`new Response("", { status: 99 })`), "RangeError: Response: the status must be a number from 200 to 599, not 99");
  assert.match(await thrown(`new Response("x", { status: 204 })`), /status 204 cannot have a body; pass null/);
  assert.match(await thrown(`Response.redirect("/x")`), /needs an absolute URL/);
  assert.match(await thrown(`Response.redirect("https://a.example", 200)`), /RangeError: .* not a redirect status/);
  assert.match(await thrown(`Response.json(undefined)`), /cannot be represented as JSON/);
  assert.match(await thrown(`Response.error().headers.set("a", "b")`), /immutable/);
});

test("bodies are read in every form, from every source", async () => {
  const sources = [`"grüß"`, `new TextEncoder().encode("grüß")`, `new TextEncoder().encode("grüß").buffer`, `new Blob(["grüß"])`,
    `new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("gr")); c.enqueue(new TextEncoder().encode("üß")); c.close() } })`];
  for (const source of sources) {
    const out = await run(`
      const make = () => new Response(${source});
      return [await make().text(), [...await make().bytes()].length, (await make().arrayBuffer()).byteLength, (await make().blob()).size, await new Response(make().body).text(), await make().clone().text()]`);
    assert.deepEqual(out, ["grüß", 6, 6, 6, "grüß", "grüß"], source);
  }
  assert.deepEqual(await run(`return [await new Response("\\ufeff{}").text(), await new Response("\\ufeff[1]").json(), await new Response(null).text(), await new Response("\\ud800").text()]`), ["{}", [1], "", "\ufffd"]);
  assert.match(await thrown(`await new Response("{bad").json()`), /^SyntaxError/);
});

test("a body is read once, clones keep their own", async () => {
  assert.match(await thrown(`const r = new Response("x"); await r.text(); await r.text()`), /^TypeError: text: the body was already used; a body can be read once/);
  assert.match(await thrown(`const r = new Response("x"); await r.text(); r.clone()`), /Response.clone: the body was already used/);
  assert.match(await thrown(`const r = new Response("x"); r.body.getReader(); await r.json()`), /locked to a reader/);
  assert.match(await thrown(`const s = new ReadableStream(); s.getReader(); new Response(s)`), /locked or was already read from/);
  assert.deepEqual(
    await run(`
      const a = new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([104, 105])); c.close() } }));
      const b = a.clone(); const used = [a.bodyUsed, b.bodyUsed]; const text = await a.text();
      const touched = new Response("x"); const stream = touched.body; await touched.text();
      return [used, text, await b.text(), a.bodyUsed, touched.bodyUsed, stream === touched.body, stream.locked]`),
    [[false, false], "hi", "hi", true, true, true, true],
  );
});

test("bytes handed out are the tenant's own", async () => {
  assert.deepEqual(
    await run(`
      const bytes = new Uint8Array([1, 2]); const r = new Response(bytes); const copy = r.clone();
      bytes[0] = 9; const first = await r.bytes(); first[0] = 8;
      return [[...first], [...await copy.bytes()], first.buffer.byteLength]`),
    [[8, 2], [1, 2], 2],
  );
});

test("the request body is read from the host, whole or as a byte stream", async () => {
  const host = new Guest();
  const post = { method: "POST", body: ["ab", "cd"] };
  assert.equal(bodyText(await host.handle(handler(`return new Response(await request.text())`), post)), "abcd");
  assert.equal(bodyText(await host.handle(handler(`const { value } = await request.body.getReader({ mode: "byob" }).read(new Uint8Array(8)); return new Response(value)`), post)), "ab");
  assert.equal(bodyText(await host.handle(handler(`let n = 0; for await (const chunk of request.body) n += chunk.length; return new Response(String(n))`), post)), "4");
  assert.equal(bodyText(await host.handle(handler(`const copy = request.clone(); return Response.json([await request.text(), await copy.text()])`), post)), '["abcd","abcd"]');
  assert.equal(bodyText(await host.handle(handler(`return new Response(await new Request(request).text() + request.bodyUsed)`), post)), "abcdtrue");
  assert.equal(bodyText(await host.handle(handler(`return Response.json([request.body, await request.text()])`))), '[null,""]');
  const broken = await host.handle(handler(`return new Response(await request.text())`), { method: "POST", body: ["a", new Error("connection lost")] });
  assert.equal(broken.failure?.message, "Error: connection lost");
});

test("forms go out and come back, both formats", async () => {
  assert.deepEqual(
    await run(`
      const form = new FormData();
      form.append("text", "a\\nb"); form.append('na"me', "ü"); form.append("file", new Blob([new Uint8Array([0, 13, 10, 45, 45])], { type: "x/y" }), "f\\"1.bin");
      form.append("empty", new File([], ""));
      const response = new Response(form); const type = response.headers.get("content-type");
      const back = await response.formData(); const file = back.get("file");
      const urlencoded = await new Response("a=1&b=%C3%BC+x&a=2", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData();
      return [/^multipart\\/form-data; boundary=----isolet[0-9a-f]{32}$/.test(type), back.get("text"), back.get('na"me'), file.name, file.type, [...new Uint8Array(await file.arrayBuffer())],
        back.get("empty").size, [...urlencoded], urlencoded.getAll("a")]`),
    [true, "a\r\nb", "ü", 'f"1.bin', "x/y", [0, 13, 10, 45, 45], 0, [["a", "1"], ["b", "ü x"], ["a", "2"]], ["1", "2"]],
  );
  assert.match(await thrown(`await new Response("x").formData()`), /content type must be multipart\/form-data or .* not "text\/plain;charset=UTF-8"/);
  assert.match(await thrown(`await new Response("--x\\r\\nbroken", { headers: { "content-type": "multipart/form-data; boundary=x" } }).formData()`), /not valid multipart\/form-data/);
});

test("a third-party multipart body is read", async () => {
  const body = ["--B", 'content-disposition: form-data; name=plain', "", "", "--B", 'Content-Disposition: form-data; filename="a.txt"; name="f"', "Content-Type: text/plain", "", "x", "--B--", "trailer"].join("\r\n");
  assert.deepEqual(
    await run(`
      const form = await new Response(${JSON.stringify(body)}, { headers: { "content-type": 'multipart/form-data; boundary="B"' } }).formData();
      return [form.get("plain"), form.get("f").name, await form.get("f").text()]`),
    ["", "a.txt", "x"],
  );
});

test("blobs and files", async () => {
  assert.deepEqual(
    await run(`
      const blob = new Blob(["ab", new Uint8Array([99]), new Blob(["d"])], { type: "Text/Plain" });
      const file = new File(["x"], "n", { lastModified: 7 });
      return [blob.size, blob.type, await blob.slice(1, -1, "a/b").text(), blob.slice(-2).size, await new Response(blob.stream()).text(), file.name, file.lastModified, file instanceof Blob, String(file),
        [...await blob.bytes()]]`),
    [4, "text/plain", "bc", 2, "abcd", "n", 7, true, "[object File]", [97, 98, 99, 100]],
  );
});

test("methods refuse objects that are not theirs", async () => {
  for (const call of ["Headers.prototype.get.call({}, 'a')", "Request.prototype.text.call(new Response('x'))", "Response.prototype.clone.call({})", "URL.prototype.toString.call({})", "Blob.prototype.text.call({})"]) {
    assert.match(await thrown(`await ${call}`), /^TypeError/, call);
  }
});
