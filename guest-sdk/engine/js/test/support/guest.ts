// One copy of the engine for a test: a fresh `vm` context without Node's globals, the bundle evaluated in it, and a
// `handle` that drives timers and waits like the Rust half does.

import { readFileSync } from "node:fs";
import vm from "node:vm";
import type { Hooks, Native } from "../../src/native.ts";
import { type Exchange, FakeNative, newExchange } from "./native.ts";

const bundle = new vm.Script(readFileSync(process.env.PRELUDE as string, "utf8"), { filename: "prelude.js" });

// Node 20 lacks what QuickJS and newer Nodes have: ArrayBuffer's transfer() and detached.
const TRANSFER = new vm.Script(`(detach) => {
  if ("transfer" in ArrayBuffer.prototype) return;
  const gone = new WeakSet();
  Object.defineProperties(ArrayBuffer.prototype, {
    transfer: { value() { const copy = this.slice(0); detach(this); gone.add(this); return copy; }, writable: true, configurable: true },
    detached: { get() { return gone.has(this); }, configurable: true },
  });
}`);

export interface RequestOptions {
  method?: string;
  url?: string;
  headers?: string[];
  env?: string[];
  body?: (string | Uint8Array | Error)[];
  entrypoint?: string;
  writesBeforeDisconnect?: number;
}

export class Guest {
  readonly native: FakeNative;
  readonly hooks: Hooks;
  private readonly context: vm.Context;

  constructor() {
    this.context = vm.createContext({});
    const realm = vm.runInContext("({ Uint8Array, Promise, Error, TypeError })", this.context);
    this.native = new FakeNative(realm);
    const api: Native = this.native.api();
    (this.context as { __native?: Native }).__native = api;
    (TRANSFER.runInContext(this.context) as (detach: (buffer: ArrayBuffer) => void) => void)(
      (buffer) => void structuredClone(buffer, { transfer: [buffer] }),
    );
    bundle.runInContext(this.context);
    this.hooks = api.hooks as Hooks;
  }

  /** Evaluates an expression and gives its value; promises are awaited. */
  async run<T = unknown>(source: string): Promise<T> {
    return (await this.eval(source)) as T;
  }

  eval(source: string): unknown {
    return vm.runInContext(source, this.context, { filename: "test.js" });
  }

  /** The body of an async function, run with the globals; what it returns comes back as JSON would carry it. */
  async body<T = unknown>(source: string): Promise<T> {
    const text = await this.run<string | undefined>(`(async () => JSON.stringify(await (async () => {${source}\n})()))()`);
    return (text === undefined ? undefined : JSON.parse(text)) as T;
  }

  /** A request to the module whose exports are the given object literal; returns when it is done or failed. */
  async handle(exports: string, options: RequestOptions = {}): Promise<Exchange> {
    const exchange = newExchange();
    exchange.method = options.method ?? "GET";
    exchange.headers = options.headers ?? [];
    exchange.env = options.env ?? [];
    exchange.body = options.body?.map((one) => (typeof one === "string" ? Buffer.from(one) : one)) ?? null;
    exchange.writesBeforeDisconnect = options.writesBeforeDisconnect ?? Number.POSITIVE_INFINITY;
    this.native.exchange = exchange;
    const ns = this.eval(`(${exports})`) as object;
    this.hooks.handle(ns, options.entrypoint ?? "default", exchange.method, options.url ?? "https://example.com/");
    await this.settle(() => exchange.done || exchange.failure !== null);
    return exchange;
  }

  /** Lets promises and timers run until `finished`, at most a thousand turns. */
  async settle(finished: () => boolean = () => false): Promise<void> {
    for (let turn = 0; turn < 1000 && !finished(); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (finished()) return;
      const wait = this.hooks.timersNext();
      if (wait < 0) {
        if (turn > 50) return;
        continue;
      }
      this.native.now += wait;
      this.hooks.timersRun();
    }
  }
}

/** The fetch handler with this body, as a module's exports. */
export function handler(body: string): string {
  return `{ default: { async fetch(request, env, ctx) { ${body} } } }`;
}

/** The whole response body as text. */
export function bodyText(exchange: Exchange): string {
  const { response } = exchange;
  if (response === null) throw new Error(`no response: ${exchange.failure?.message ?? "nothing was sent"}`);
  if (typeof response.body === "string") return response.body;
  if (response.body !== null) return Buffer.from(response.body).toString();
  return Buffer.concat(response.chunks).toString();
}
