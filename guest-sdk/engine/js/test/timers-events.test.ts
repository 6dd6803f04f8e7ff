// Timers, microtasks, events and abort signals.

import assert from "node:assert/strict";
import test from "node:test";
import { bodyText, Guest, handler } from "./support/guest.ts";

/** What a handler's body leaves in `log` once it is done. */
async function logOf(body: string, guest = new Guest()): Promise<unknown> {
  const sent = await guest.handle(handler(`const log = []; const wait = (ms) => new Promise((done) => setTimeout(done, ms)); ${body}; return Response.json(log)`));
  return JSON.parse(bodyText(sent));
}

test("timers run by due time, then by creation, with microtasks in between", async () => {
  assert.deepEqual(
    await logOf(`
      setTimeout((a, b) => { log.push(a + b); Promise.resolve().then(() => log.push("micro")) }, 5, "x", "y");
      setTimeout(() => log.push("same time"), 5); setTimeout(() => log.push("first"), 1); setTimeout(() => log.push("zero"));
      const gone = setTimeout(() => log.push("cleared"), 2); clearTimeout(gone); clearTimeout(); clearInterval(12345);
      await wait(6)`),
    ["zero", "first", "xy", "micro", "same time"],
  );
});

test("intervals repeat until cleared, also from inside; nested ones are slowed down", async () => {
  assert.deepEqual(await logOf(`let n = 0; const id = setInterval(() => { log.push(++n); if (n === 3) clearInterval(id) }, 10); await wait(100)`), [1, 2, 3]);
  assert.deepEqual(
    await logOf(`
      const start = performance.now();
      await new Promise((done) => { let n = 0; const again = () => { log.push(performance.now() - start); ++n < 8 ? setTimeout(again, 0) : done() }; setTimeout(again, 0) })`),
    [0, 0, 0, 0, 0, 4, 8, 12],
  );
});

test("delays are clamped as in browsers", async () => {
  const guest = new Guest();
  for (const [delay, expected] of [["-5", 0], ["NaN", 0], ["'x'", 0], ["undefined", 0], ["2 ** 31", 1], ["'7.9'", 7], ["2 ** 31 - 1", 2 ** 31 - 1]] as const) {
    const id = guest.eval(`setTimeout(() => {}, ${delay})`);
    assert.equal(guest.hooks.timersNext(), expected, delay);
    guest.eval(`clearTimeout(${String(id)})`);
  }
  assert.equal(guest.hooks.timersNext(), -1);
});

test("a thousand timers may wait, not more", () => {
  const guest = new Guest();
  assert.throws(() => guest.eval(`for (let i = 0; i < 1001; i++) setTimeout(() => {}, i)`), /1000 timers are already waiting, which is the limit/);
  guest.eval("clearTimeout(1); setTimeout(() => {})");
});

test("callbacks must be functions, and an exception of one does not keep the next from running", async () => {
  const guest = new Guest();
  assert.throws(() => guest.eval(`setTimeout("alert(1)")`), /setTimeout needs a function as its first argument; strings of code are not evaluated/);
  assert.throws(() => guest.eval(`queueMicrotask(1)`), /queueMicrotask needs a function/);
  guest.eval(`globalThis.ran = 0; setTimeout(() => { throw new Error("one") }); setTimeout(() => { ran++ })`);
  await guest.settle(() => guest.eval("ran") === 1);
  assert.equal(guest.eval("ran"), 1);
  assert.equal(guest.native.exchange.failure?.message, "Error: one");
});

test("events reach listeners in order, once, with options", async () => {
  assert.deepEqual(
    await logOf(`
      const target = new EventTarget();
      const listener = (event) => log.push(event.type + event.eventPhase);
      target.addEventListener("a", listener); target.addEventListener("a", listener);
      target.addEventListener("a", () => log.push("capture"), true);
      target.addEventListener("a", { handleEvent(event) { log.push(this.name + (event.currentTarget === target)) }, name: "object" }, { once: true });
      const gone = new AbortController(); target.addEventListener("a", () => log.push("never"), { signal: gone.signal }); gone.abort();
      target.addEventListener("a", null);
      target.dispatchEvent(new Event("a")); target.dispatchEvent(new Event("a"));
      target.addEventListener("b", (event) => { event.preventDefault(); event.stopImmediatePropagation() });
      target.addEventListener("b", () => log.push("stopped"));
      log.push(target.dispatchEvent(new Event("b", { cancelable: true })), target.dispatchEvent(new Event("b")));
      target.addEventListener("c", (event) => event.preventDefault(), { passive: true });
      log.push(target.dispatchEvent(new Event("c", { cancelable: true })));
      const detail = new CustomEvent("d", { detail: { x: 1 } });
      log.push(detail.detail, detail.isTrusted, detail.composedPath().length, Event.AT_TARGET, detail.NONE)`),
    ["capture", "a2", "objecttrue", "capture", "a2", false, true, true, { x: 1 }, false, 0, 2, 0],
  );
});

test("a listener's exception is logged and the next listener runs", async () => {
  const guest = new Guest();
  assert.deepEqual(
    await logOf(`const t = new EventTarget(); t.addEventListener("x", () => { throw new Error("listener") }); t.addEventListener("x", () => log.push("next")); t.dispatchEvent(new Event("x"))`, guest),
    ["next"],
  );
  assert.match(guest.native.logs[0]?.text ?? "", /^Uncaught exception in a listener for "x": Error: listener/);
});

test("an event that is being dispatched cannot be dispatched again", async () => {
  assert.deepEqual(
    await logOf(`const t = new EventTarget(); t.addEventListener("x", (e) => { try { t.dispatchEvent(e) } catch (error) { log.push(error.name) } }); t.dispatchEvent(new Event("x"))`),
    ["InvalidStateError"],
  );
});

test("abort: reasons, events, order", async () => {
  assert.deepEqual(
    await logOf(`
      const c = new AbortController();
      c.signal.onabort = function (event) { log.push("handler " + (this === c.signal) + event.isTrusted) };
      c.signal.addEventListener("abort", () => log.push("listener"));
      c.abort(); c.abort("again");
      log.push(c.signal.aborted, c.signal.reason.name, c.signal.reason instanceof DOMException);
      try { c.signal.throwIfAborted() } catch (e) { log.push(e === c.signal.reason) }
      log.push(AbortSignal.abort("x").reason);
      try { new AbortSignal() } catch (e) { log.push(e.message.startsWith("AbortSignal cannot be constructed")) }`),
    ["handler truetrue", "listener", true, "AbortError", true, true, "x", true],
  );
});

test("abort: timeout and any", async () => {
  assert.deepEqual(
    await logOf(`
      const timeout = AbortSignal.timeout(20); const c = new AbortController();
      const any = AbortSignal.any([c.signal, AbortSignal.any([timeout])]); const never = AbortSignal.any([]);
      any.onabort = () => log.push("any: " + any.reason.name);
      await wait(30);
      log.push(timeout.reason.name, any.reason === timeout.reason, c.signal.aborted, never.aborted, AbortSignal.any([AbortSignal.abort(1), c.signal]).reason)`),
    ["any: TimeoutError", "TimeoutError", true, false, false, 1],
  );
});
