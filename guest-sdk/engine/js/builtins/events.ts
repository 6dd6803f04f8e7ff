// node:events: the `events` package, with what Node's has beside it.

import EventEmitter from "events";

type Listener = (...args: unknown[]) => void;
interface Emitter {
  on(name: Name, listener: Listener): unknown;
  off(name: Name, listener: Listener): unknown;
  listeners(name: Name): Listener[];
  listenerCount(name: Name): number;
  setMaxListeners(count: number): unknown;
}
type Name = string | symbol;

const { once, listenerCount } = EventEmitter;
export const errorMonitor = Symbol("events.errorMonitor");

const emit = EventEmitter.prototype.emit;
EventEmitter.prototype.emit = function (this: Emitter, name: Name, ...args: unknown[]): boolean {
  if (name === "error" && this.listenerCount(errorMonitor) > 0) Reflect.apply(emit, this, [errorMonitor, ...args]);
  return Reflect.apply(emit, this, [name, ...args]);
};

export function getEventListeners(emitter: Emitter, name: Name): Listener[] {
  if (!(emitter instanceof EventEmitter)) throw new TypeError("only an EventEmitter tells its listeners");
  return emitter.listeners(name);
}

export function setMaxListeners(count: number = EventEmitter.defaultMaxListeners, ...emitters: Emitter[]): void {
  if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
  // An EventTarget has no such limit.
  for (const emitter of emitters) if (emitter instanceof EventEmitter) emitter.setMaxListeners(count);
}

interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(name: "abort", listener: () => void): void;
  removeEventListener(name: "abort", listener: () => void): void;
}

interface Target {
  addEventListener(name: Name, listener: Listener): void;
  removeEventListener(name: Name, listener: Listener): void;
}

/** The events of a name as they come, each with its arguments; an `error` ends it, and so do the signal and the names of `close`. */
export function on(emitter: Emitter | Target, name: Name, options: { signal?: Signal; close?: Name[] } = {}): AsyncIterableIterator<unknown[]> {
  const { signal, close = [] } = options;
  const events: unknown[][] = [];
  const waiting: { resolve(result: IteratorResult<unknown[]>): void; reject(error: unknown): void }[] = [];
  let failure: { error: unknown } | null = null;
  let done = false;
  const listeners: [Name, Listener][] = [[name, (...args) => {
    const next = waiting.shift();
    if (next === undefined) events.push(args);
    else next.resolve({ value: args, done: false });
  }]];
  if (name !== "error" && "on" in emitter) listeners.push(["error", fail]);
  for (const other of close) listeners.push([other, end]);
  const onAbort = (): void => fail(abortError(signal as Signal));

  function stop(): void {
    done = true;
    for (const [event, listener] of listeners) {
      if ("off" in emitter) emitter.off(event, listener);
      else emitter.removeEventListener(event, listener);
    }
    signal?.removeEventListener("abort", onAbort);
  }
  function fail(error: unknown): void {
    stop();
    const next = waiting.shift();
    if (next === undefined) failure = { error };
    else next.reject(error);
    end();
  }
  function end(): void {
    stop();
    for (const next of waiting.splice(0)) next.resolve({ value: undefined, done: true });
  }

  if (signal?.aborted) throw abortError(signal);
  signal?.addEventListener("abort", onAbort);
  for (const [event, listener] of listeners) {
    if ("on" in emitter) emitter.on(event, listener);
    else emitter.addEventListener(event, listener);
  }
  return {
    next() {
      const value = events.shift();
      if (value !== undefined) return Promise.resolve({ value, done: false });
      if (failure !== null) {
        const { error } = failure;
        failure = null;
        return Promise.reject(error);
      }
      if (done) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      end();
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(error) {
      fail(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function abortError(signal: Signal): Error {
  return Object.assign(new Error("The operation was aborted", { cause: signal.reason }), { name: "AbortError", code: "ABORT_ERR" });
}

Object.assign(EventEmitter, { on, errorMonitor, getEventListeners, setMaxListeners });
const { defaultMaxListeners } = EventEmitter;

export { EventEmitter, once, listenerCount, defaultMaxListeners };
export default EventEmitter;
