// fetch to servers: what is sent, what comes back, redirects, abort, content codings. The servers are made up.

import assert from "node:assert/strict";
import test from "node:test";
import zlib from "node:zlib";
import { Guest } from "./support/guest.ts";
import type { Answer, Sent } from "./support/native.ts";

function guestWith(server: (request: Sent) => Answer | string): Guest {
  const guest = new Guest();
  guest.native.server = server;
  return guest;
}

const failing = (guest: Guest, call: string): Promise<string> =>
  guest.body(`return ${call}.then(() => "no", (e) => e.constructor.name + ": " + e.message)`);

test("what the host refuses is a TypeError with the host's reason, what is no request never gets there", async () => {
  const guest = guestWith(() => "fetch to https://a.test:443 was refused: no egress rules are set.");
  assert.equal(await failing(guest, `fetch("https://a.test/x")`), "TypeError: fetch to https://a.test:443 was refused: no egress rules are set.");
  const broken = guestWith(() => "the connection was refused");
  assert.equal(await failing(broken, `fetch("https://a.test/x")`), "TypeError: fetch to https://a.test/x failed: the connection was refused");
  assert.match(await failing(guest, `fetch("/relative")`), /is not an absolute URL/);
  assert.match(await failing(guest, `fetch("ftp://a.example/")`), /only http:, https: and data:/);
  assert.match(await failing(guest, `fetch("https://a.example/", { method: "GET", body: "x" })`), /cannot have a body/);
  assert.match(await failing(guest, `fetch("https://a.example/", { signal: AbortSignal.abort(new Error("stop")) })`), /Error: stop/);
  assert.equal(guest.native.sent.length, 1);
});

test("method, headers and body go out, status, headers and body come back", async () => {
  const guest = guestWith(() => ({ status: 201, headers: ["x-back", "1"], body: ["he", "llo"] }));
  const got = await guest.body(`
    const r = await fetch("https://a.test/p?q=1#f", { method: "POST", body: JSON.stringify([1]), headers: { "X-One": "1", connection: "close" } });
    return [r.status, r.ok, r.url, r.redirected, r.type, r.headers.get("x-back"), await r.text()]`);
  assert.deepEqual(got, [201, true, "https://a.test/p?q=1", false, "basic", "1", "hello"]);
  const sent = guest.native.sent[0] as Sent;
  assert.deepEqual([sent.method, sent.url, Buffer.concat(sent.chunks).toString()], ["POST", "https://a.test/p?q=1", "[1]"]);
  assert.deepEqual(sent.headers, [
    "x-one", "1", "content-type", "text/plain;charset=UTF-8", "accept", "*/*", "accept-encoding", "gzip, br, deflate",
    "user-agent", "isolet", "content-length", "3",
  ]);
});

test("a stream is sent chunk by chunk", async () => {
  const guest = guestWith(() => ({ status: 200, body: ["ok"] }));
  const text = await guest.body(`
    const body = ReadableStream.from([new Uint8Array([97]), new Uint8Array([98, 99])]);
    return (await fetch("http://a.test/", { method: "PUT", body, duplex: "half" })).text()`);
  assert.equal(text, "ok");
  const sent = guest.native.sent[0] as Sent;
  assert.deepEqual(sent.chunks.map((chunk) => Buffer.from(chunk).toString()), ["a", "bc"]);
  assert.equal(sent.headers.includes("content-length"), false);
});

test("redirects are followed as the standard has it, and credentials stay with their origin", async () => {
  const guest = guestWith(({ url }) => {
    if (url === "https://a.test/1") return { status: 302, headers: ["location", "/2"] };
    if (url === "https://a.test/2") return { status: 307, headers: ["location", "https://b.test/3"] };
    return { status: 200, body: ["there"] };
  });
  const got = await guest.body(`
    const r = await fetch("https://a.test/1#keep", { method: "POST", body: "x", headers: { authorization: "secret" } });
    return [r.redirected, r.url, await r.text()]`);
  assert.deepEqual(got, [true, "https://b.test/3", "there"]);
  const [, second, third] = guest.native.sent as Sent[];
  assert.deepEqual([second?.method, second?.chunks.length, second?.headers.includes("authorization")], ["GET", 0, true]);
  assert.equal(third?.headers.includes("authorization"), false);
  const manual = await guest.body(`const r = await fetch("https://a.test/1", { redirect: "manual" }); return [r.status, r.headers.get("location")]`);
  assert.deepEqual(manual, [302, "/2"]);
  assert.match(await failing(guest, `fetch("https://a.test/1", { redirect: "error" })`), /^TypeError: .*redirect is "error"/);
  const loop = guestWith(() => ({ status: 301, headers: ["location", "/again"] }));
  assert.match(await failing(loop, `fetch("https://a.test/")`), /^TypeError: fetch was redirected more than 20 times/);
  assert.equal(loop.native.sent.length, 21);
  const away = guestWith(() => ({ status: 301, headers: ["location", "file:///etc/passwd"] }));
  assert.match(await failing(away, `fetch("https://a.test/")`), /no http: or https: URL/);
});

test("codings are undone, and their headers with them", async () => {
  const text = "text ".repeat(100);
  for (const [coding, body] of [
    ["gzip", zlib.gzipSync(text)],
    ["deflate", zlib.deflateSync(text)],
    ["br", zlib.brotliCompressSync(text)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(text))],
  ] as const) {
    const guest = guestWith(() => ({ status: 200, headers: ["content-encoding", coding, "content-length", String(body.length)], body: [body] }));
    const got = await guest.body(`const r = await fetch("https://a.test/"); return [r.headers.get("content-encoding"), r.headers.get("content-length"), await r.text()]`);
    assert.deepEqual(got, [null, null, text], coding);
  }
  const unknown = guestWith(() => ({ status: 200, headers: ["content-encoding", "zstd"], body: ["raw"] }));
  assert.deepEqual(await unknown.body(`const r = await fetch("https://a.test/"); return [r.headers.get("content-encoding"), await r.text()]`), ["zstd", "raw"]);
  const lying = guestWith(() => ({ status: 200, headers: ["content-encoding", "gzip"], body: ["no gzip"] }));
  assert.match(await lying.body<string>(`const r = await fetch("https://a.test/"); return r.text().then(() => "no", (e) => e.name)`), /TypeError/);
});

test("abort ends a request wherever it stands", async () => {
  const silent = guestWith(() => null);
  const got = await silent.body(`
    const controller = new AbortController();
    const fetched = fetch("https://a.test/", { signal: controller.signal }).then(() => "no", (e) => e.name);
    await Promise.resolve();
    controller.abort();
    return fetched`);
  assert.equal(got, "AbortError");
  assert.equal((silent.native.sent[0] as Sent).cancelled, true);
  const reading = guestWith(() => ({ status: 200, body: ["a", "b"] }));
  const read = await reading.body(`
    const controller = new AbortController();
    const reader = (await fetch("https://a.test/", { signal: controller.signal })).body.getReader();
    await reader.read();
    controller.abort(new Error("enough"));
    return reader.read().then(() => "no", (e) => e.message)`);
  assert.equal(read, "enough");
});
