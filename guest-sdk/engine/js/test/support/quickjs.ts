// A copy of the engine under quickjs-ng, the engine that really runs the bundle, so that nothing depends on V8.
// The natives are JavaScript inside QuickJS; only URL parsing is asked of Node.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { QuickJSContext, QuickJSWASMModule } from "quickjs-emscripten-core";
import type { UrlPart } from "../../src/native.ts";
import { compare, parts, setPart, zoneFind, zoneOffset } from "./native.ts";

const resolve = createRequire(`${process.env.PRELUDE_MODULES as string}/`).resolve;
const load = async <T>(name: string): Promise<T> => (await import(pathToFileURL(resolve(name)).href)) as T;

const NATIVE = `(() => {
  const encode = (text) => {
    const out = [];
    for (const char of text.toWellFormed()) {
      const code = char.codePointAt(0);
      if (code < 0x80) out.push(code);
      else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
      else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
    return new Uint8Array(out);
  };
  const decode = (bytes) => decodeURIComponent([...bytes].map((byte) => "%" + byte.toString(16).padStart(2, "0")).join(""));
  const parsed = (text) => (text === "" ? null : JSON.parse(text));
  const state = { sent: null, done: false, failure: null, logs: [], body: [], headers: [], env: [], method: "GET", chunks: [], closed: false, now: 0 };
  globalThis.__state = state;
  globalThis.__native = {
    utf8Encode: encode, utf8Decode: decode,
    encodingFor: (label) => (label === "utf-8" ? label : null), 
    // All text at the end, where the real one gives it piece by piece.
    decoderNew: () => [], decoderRun: (held, bytes, fatal, last) => { held.push(...bytes); return last ? decode(held) : ""; },
    codecNew: () => null, codecWrite: () => undefined, codecEnd: () => undefined, urlPatternParse: () => null, urlPatternInput: () => null,
    atob: () => null, btoa: () => null,
    urlParse: (input, base) => parsed(__urlParse(input, base ?? "")),
    urlSet: (href, part, value) => parsed(__urlSet(href, part, value)),
    compare: (a, b, options) => Number(__compare(a, b, String(options))), zoneFind: (name) => parsed(__zoneFind(name)),
    zoneNames: () => parsed(__zoneNames()), zoneOffset: (name, time) => parsed(__zoneOffset(name, String(time))),
    digest: () => new ArrayBuffer(32), randomFill: (bytes) => void bytes.fill(7), randomUUID: () => "uuid", random: () => 0.5,
    wallNow: () => 1700000000000, monoNow: () => state.now,
    log: (level, text, stack) => void state.logs.push([level, text, stack]),
    phase: () => 2, promiseState: () => [0, undefined], swapAsyncContext: () => undefined,
    requestHeaders: () => [...state.headers], env: () => [...state.env],
    bodyRead: async () => (state.body.length === 0 ? null : encode(state.body.shift())),
    hasBody: () => state.method !== "GET",
    respond: (status, headers, body, streaming) => { state.sent = { status, headers, body: typeof body === "string" || body === null ? body : decode(body), streaming }; },
    bodyWrite: async (chunk) => void state.chunks.push(decode(chunk)),
    bodyClose: () => { state.closed = true; }, bodyAbort: (message) => { state.closed = message; },
    done: () => { state.done = true; }, fail: (message, stack) => { state.failure = [message, stack]; },
  };
  globalThis.__hooks = globalThis.__native;
})();`;

export class QuickJsGuest {
  private static quickjs: QuickJSWASMModule;

  private constructor(private readonly vm: QuickJSContext) {}

  /** The value of an expression in a context without the prelude; after `start`. */
  static bare(source: string): string {
    return QuickJsGuest.quickjs.evalCode(source) as string;
  }

  static async start(): Promise<QuickJsGuest> {
    const core = await load<typeof import("quickjs-emscripten-core")>("quickjs-emscripten-core");
    const variant = await load<{ default: never }>("@jitl/quickjs-ng-wasmfile-release-sync");
    const quickjs = await core.newQuickJSWASMModuleFromVariant((variant.default as { default?: never }).default ?? variant.default);
    QuickJsGuest.quickjs = quickjs;
    const vm = quickjs.newContext();
    const host = (name: string, fn: (...args: string[]) => unknown): void => {
      const made = vm.newFunction(name, (...args) => {
        const result = fn(...args.map((arg) => vm.getString(arg)));
        return vm.newString(result === null ? "" : JSON.stringify(result));
      });
      vm.setProp(vm.global, name, made);
      made.dispose();
    };
    host("__urlParse", (input, base) => parts(input as string, base === "" ? undefined : base));
    host("__urlSet", (href, part, value) => setPart(href as string, part as UrlPart, value as string));
    host("__compare", (a, b, options) => compare(a as string, b as string, Number(options)));
    host("__zoneFind", (name) => zoneFind(name as string));
    host("__zoneNames", () => Intl.supportedValuesOf("timeZone"));
    host("__zoneOffset", (name, time) => zoneOffset(name as string, Number(time)));
    const guest = new QuickJsGuest(vm);
    guest.eval(NATIVE, "native.js");
    guest.eval(readFileSync(process.env.PRELUDE as string, "utf8"), "prelude.js");
    guest.eval("__hooks.hooks.warm()");
    guest.drain();
    return guest;
  }

  /** The value of an expression, as JSON carries it. Errors become Node errors with the guest's stack. */
  eval(source: string, file = "test.js"): unknown {
    const result = this.vm.evalCode(source, file);
    if (result.error) {
      const error = this.vm.dump(result.error) as { name: string; message: string; stack: string };
      throw new Error(`${error.name}: ${error.message}\n${error.stack}`);
    }
    const value = this.vm.dump(result.value) as unknown;
    result.value.dispose();
    return value;
  }

  /** Runs jobs and timers until there are none left. */
  drain(): void {
    for (let turn = 0; turn < 1000; turn++) {
      this.vm.runtime.executePendingJobs();
      const wait = this.eval("__hooks.hooks.timersNext()") as number;
      if (wait < 0) return;
      this.eval(`__state.now += ${wait}; __hooks.hooks.timersRun()`);
    }
  }

  /** The body of an async function; what it returns comes back as JSON carries it. */
  body(source: string): unknown {
    this.eval(`globalThis.__out = undefined; (async () => {${source}\n})().then(
      (value) => { __out = JSON.stringify({ value }); },
      (error) => { __out = JSON.stringify({ error: String(error) + "\\n" + error?.stack }); },
    ); undefined`);
    this.drain();
    const out = this.eval("__out") as string | undefined;
    if (out === undefined) throw new Error("the promise did not settle");
    const { value, error } = JSON.parse(out) as { value?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** One request to the module whose exports are the given object literal. */
  handle(exports: string, request: { method?: string; url?: string; body?: string[]; headers?: string[] } = {}): Record<string, unknown> {
    const method = request.method ?? "GET";
    this.eval(`Object.assign(__state, ${JSON.stringify({
      sent: null, done: false, failure: null, chunks: [], closed: false, method, body: request.body ?? [], headers: request.headers ?? [],
    })})`);
    this.eval(`__hooks.hooks.handle((${exports}), "default", ${JSON.stringify(method)}, ${JSON.stringify(request.url ?? "https://example.com/")})`);
    this.drain();
    return JSON.parse(this.eval("JSON.stringify(__state)") as string) as Record<string, unknown>;
  }

  [Symbol.dispose](): void {
    this.vm.dispose();
  }
}
