// What is on the global object, what is not, and what start-up code may not do.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Guest } from "./support/guest.ts";

test("globals are writable, configurable and not enumerable; classes carry their names and tags", async () => {
  const out = await new Guest().body<[string[], string[], string[]]>(`
    const names = Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name) && typeof globalThis[name] === "function" && !/native code/.test(String(globalThis[name])));
    const enumerable = []; for (const name in globalThis) enumerable.push(name);
    const wrong = names.filter((name) => {
      const own = Object.getOwnPropertyDescriptor(globalThis, name);
      return !own.writable || !own.configurable || globalThis[name].name !== name || globalThis[name].prototype[Symbol.toStringTag] !== name;
    });
    return [enumerable, wrong, names];
  `);
  assert.deepEqual(out[0], []);
  assert.deepEqual(out[1], []);
  assert.ok(out[2].length > 35);
});

test("names of other platforms stay undefined", async () => {
  const names = ["__native", "WebSocketPair", "caches", "XMLHttpRequest", "importScripts", "process", "require", "Deno", "Bun", "Buffer", "setImmediate"];
  assert.deepEqual(await new Guest().body(`return ${JSON.stringify(names)}.filter((name) => typeof globalThis[name] !== "undefined")`), []);
});

test("a WebSocket is there by name, for who looks for it, and cannot be opened", async () => {
  const out = await new Guest().body(`
    const thrown = (act) => { try { act() } catch (error) { return [error.name, error instanceof DOMException, error.message] } };
    return [typeof WebSocket, WebSocket.OPEN, WebSocket.prototype.CLOSED, thrown(() => new WebSocket("wss://a.example/")), thrown(() => new WebSocket())[0]]`);
  assert.deepEqual(out, [
    "function", 1, 3, ["NotSupportedError", true, "outgoing WebSockets are not supported; use fetch, whose answers may be streams"], "TypeError",
  ]);
});

test("interface members are enumerable, as Web IDL has it, and constructors need new", async () => {
  const out = await new Guest().body(`
    const members = Object.keys(Headers.prototype);
    let refused = 0; for (const name of ["Headers", "Request", "URL", "Event", "Blob", "DOMException", "ReadableStream"]) try { globalThis[name]("x") } catch (e) { refused += e instanceof TypeError }
    return [members, refused, Headers.length, Request.length, URL.length];
  `);
  assert.deepEqual(out, [["append", "delete", "get", "getSetCookie", "has", "set", "forEach", "entries", "keys", "values"], 7, 0, 1, 1]);
});

test("I/O, timers and what is random for secrets are refused while a module starts up, with advice", async () => {
  const guest = new Guest();
  guest.native.phase = 1;
  for (const call of ["setTimeout(() => {})", "setInterval(() => {})", "AbortSignal.timeout(1)", "crypto.randomUUID()", "crypto.getRandomValues(new Uint8Array(1))"]) {
    assert.throws(() => guest.eval(call), /not available while the module starts up/, call);
  }
  await assert.rejects(guest.run(`fetch("https://a.example/")`), /fetch is not available while the module starts up: .* Move the call into the fetch handler/);
  assert.equal(typeof guest.eval("Date.now()"), "number");
  assert.equal(guest.eval("performance.now()"), 0);
  assert.equal(guest.eval("Math.random()"), 0.25);
  guest.eval(`new Response("x"); new Request("https://a.example/"); new AbortController().abort(); new Event("x"); console.log("fine")`);
});

test("performance counts from the request's own origin; navigator names the runtime", async () => {
  const guest = new Guest();
  const first = guest.eval("performance.now()");
  guest.native.now += 25;
  assert.deepEqual([first, guest.eval("performance.now()")], [1, 26]);
  assert.equal(guest.eval("performance.timeOrigin"), 1_700_000_000_999);
  assert.deepEqual(await guest.body("return [navigator.userAgent, self === globalThis]"), ["isolet", true]);
});

const SOURCES = join(process.env.PRELUDE_MODULES as string, "../src");

test("modules form a line, not a ring, and stay short", () => {
  const imports = new Map<string, string[]>();
  for (const file of readdirSync(SOURCES)) {
    const text = readFileSync(join(SOURCES, file), "utf8");
    assert.ok(text.startsWith("// "), `${file} opens with a comment on what lives there`);
    assert.ok(text.split("\n").length <= 400, `${file} has more than 400 lines`);
    imports.set(file, [...text.matchAll(/from "\.\/([\w-]+\.ts)"/g)].map((match) => match[1] as string));
  }
  const visit = (file: string, path: string[]): void => {
    assert.ok(!path.includes(file), `import ring: ${[...path, file].join(" -> ")}`);
    for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
  };
  visit("main.ts", []);
});
