// Compression streams, message ports, file readers, data: URLs and the global object as an event target.

import assert from "node:assert/strict";
import test from "node:test";
import { Guest } from "./support/guest.ts";

const run = <T = unknown>(body: string): Promise<T> => new Guest().body<T>(body);

test("compression streams give back what went in, and refuse what is no data", async () => {
  const out = await run(`
    const all = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());
    const results = [];
    for (const format of ["gzip", "deflate", "deflate-raw", "brotli"]) {
      const packed = await all(new Blob(["a".repeat(1000)]).stream().pipeThrough(new CompressionStream(format)));
      const text = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream(format))).text();
      results.push(packed.length < 100 && text === "a".repeat(1000));
    }
    const failing = (chunk, format) => { const { writable, readable } = new DecompressionStream(format); const w = writable.getWriter(); w.write(chunk).catch(() => {}); w.close().catch(() => {}); return all(readable).then(() => "no", (e) => e.name); };
    results.push(await failing(new Uint8Array([1, 2, 3]), "gzip"), await failing("text", "deflate"));
    try { new CompressionStream("zip") } catch (e) { results.push(e.message) }
    return results;`);
  assert.deepEqual(out, [
    true, true, true, true, "TypeError", "TypeError",
    'CompressionStream: the format must be one of "brotli", "deflate", "deflate-raw", "gzip", not "zip"',
  ]);
});

test("message ports deliver clones in order, after start, and move with their queue", async () => {
  const guest = new Guest();
  const result = guest.body(`
    const { port1, port2 } = new MessageChannel();
    const got = [];
    const sent = { list: [1] };
    port1.postMessage(sent); sent.list.push(2);
    port1.postMessage(new Uint8Array([7]).buffer);
    const carried = new MessageChannel();
    port1.postMessage("port", [carried.port2]);
    const finished = new Promise((resolve) => {
      port2.onmessage = ({ data, ports, isTrusted }) => {
        got.push([data instanceof ArrayBuffer ? data.byteLength : data, ports.length, isTrusted]);
        if (ports.length === 1) { ports[0].onmessage = (e) => { got.push(e.data); resolve(); }; carried.port1.postMessage("through the moved port"); }
      };
    });
    let refused = ""; try { port1.postMessage(1, [port1]) } catch (e) { refused = e.name }
    await finished; port1.close(); port2.postMessage("lost");
    return [got, refused];`);
  await guest.settle();
  assert.deepEqual(await result, [[[{ list: [1] }, 0, true], [1, 0, true], ["port", 1, true], "through the moved port"], "DataCloneError"]);
});

test("FileReader reads text, bytes and data URLs, and tells of it", async () => {
  const guest = new Guest();
  const result = guest.body(`
    const read = (method, blob, ...rest) => new Promise((resolve) => {
      const reader = new FileReader(), events = [];
      for (const type of ["loadstart", "progress", "load", "loadend"]) reader.addEventListener(type, (e) => { events.push(e.type); if (e.type === "loadend") resolve([reader.result, reader.readyState, events.join()]); });
      reader[method](blob, ...rest);
    });
    return [await read("readAsText", new Blob(["h\\u00e9"])), await read("readAsDataURL", new Blob(["hi"], { type: "text/x" })), (await read("readAsArrayBuffer", new Blob(["abc"])))[0].byteLength];`);
  await guest.settle();
  assert.deepEqual(await result, [["hé", 2, "loadstart,progress,load,loadend"], ["data:text/x;base64,aGk=", 2, "loadstart,progress,load,loadend"], 3]);
});

test("fetch answers data: URLs", async () => {
  assert.deepEqual(
    await run(`
      const got = async (url) => { const r = await fetch(url); return [r.status, r.headers.get("content-type"), await r.text()] };
      return [await got("data:,a%20b"), await got("data:text/plain;charset=utf-8;base64,aGk="), await fetch("data:nothing").catch((e) => e.name)]`),
    [[200, "text/plain;charset=US-ASCII", "a b"], [200, "text/plain;charset=utf-8", "hi"], "TypeError"],
  );
});

test("what nobody caught goes to the global object's listeners first", async () => {
  const guest = new Guest();
  const exchange = await guest.handle(`{ default: { async fetch() {
    const seen = [];
    addEventListener("error", (event) => { seen.push(event.error.message); event.preventDefault(); });
    setTimeout(() => { throw new Error("late") }, 1);
    reportError(new Error("told"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return Response.json(seen);
  } } }`);
  assert.equal(exchange.response?.body, '["told","late"]');
  assert.deepEqual(guest.native.logs, []);
  assert.deepEqual(
    guest.eval(`onunhandledrejection = (event) => { globalThis.reason = event.reason; return false }; 0`), 0);
  assert.equal(guest.hooks.rejection(guest.eval(`new Error("r")`), guest.eval(`Promise.resolve()`) as Promise<unknown>, false).length, 0);
  assert.equal(guest.eval(`reason.message`), "r");
});

test("performance keeps marks and measures, by start time", async () => {
  const guest = new Guest();
  const out = guest.body(`
    performance.mark("a", { startTime: 5, detail: { x: 1 } }); performance.mark("b", { startTime: 3 });
    const m = performance.measure("m", "b", "a"), n = performance.measure("n", { start: 1, duration: 4, detail: "d" });
    const errors = [() => performance.measure("x", "none"), () => performance.measure("x", { duration: 1 }), () => performance.mark("x", { startTime: -1 })]
      .map((act) => { try { act() } catch (e) { return e.name } });
    const names = performance.getEntries().map((e) => e.name).join();
    performance.clearMarks("a"); performance.clearMeasures();
    return [m.duration, n.toJSON(), errors, names, performance.getEntriesByType("mark").length, performance.getEntriesByName("b", "mark")[0].startTime];`);
  assert.deepEqual(await out, [
    2, { name: "n", entryType: "measure", startTime: 1, duration: 4, detail: "d" }, ["SyntaxError", "TypeError", "TypeError"], "n,b,m,a", 1, 3,
  ]);
});

test("a blob of a response has its media type as it was sent", async () => {
  assert.deepEqual(
    await run(`return [(await new Response("x", { headers: { "content-type": "Text/HTML; Charset=GBK" } }).blob()).type, (await new Response("x").blob()).size, new Blob([], { type: "A/B" }).type]`),
    ["text/html;charset=GBK", 1, "a/b"],
  );
});
