// AbortController and AbortSignal (DOM, 3).

import { DOMException } from "./dom-exception.ts";
import { abortAlgorithms, Event, EventTarget, fireTrusted } from "./events.ts";
import { startTimer } from "./timers.ts";
import { defineInterface, requireArguments } from "./webidl.ts";

const HIDDEN = Symbol("made by the engine");

type AbortHandler = ((this: AbortSignal, event: Event) => unknown) | null;

/** Aborts `signal` and those that depend on it. */
export let signalAbort: (signal: AbortSignal, reason: unknown) => void;
/** A signal that follows every one of `sources`. */
export let dependentSignal: (sources: readonly AbortSignal[]) => AbortSignal;
export let isAbortSignal: (value: object) => value is AbortSignal;

export function newSignal(): AbortSignal {
  return new (AbortSignal as unknown as new (token: symbol) => AbortSignal)(HIDDEN);
}

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown = undefined;
  #handler: AbortHandler = null;
  #listener = (event: Event): unknown => this.#handler?.call(this, event);
  // Signals made by any() that follow this one, and for those the signals they follow (never dependent ones).
  #dependents: AbortSignal[] = [];
  #sources: AbortSignal[] | null = null;

  static {
    isAbortSignal = (value): value is AbortSignal => #aborted in value;

    signalAbort = (signal, reason) => {
      if (signal.#aborted) return;
      const why = reason === undefined ? new DOMException("the operation was aborted", "AbortError") : reason;
      signal.#aborted = true;
      signal.#reason = why;
      // All states change before any listener runs.
      const followers = signal.#dependents.filter((one) => !one.#aborted);
      for (const one of followers) {
        one.#aborted = true;
        one.#reason = why;
      }
      for (const one of [signal, ...followers]) {
        const steps = abortAlgorithms.get(one);
        abortAlgorithms.delete(one);
        for (const step of steps ?? []) step();
        fireTrusted(one, new Event("abort"));
      }
    };

    dependentSignal = (sources) => {
      const result = newSignal();
      for (const source of sources) {
        if (!source.#aborted) continue;
        result.#aborted = true;
        result.#reason = source.#reason;
        return result;
      }
      result.#sources = [];
      for (const source of sources) {
        for (const root of source.#sources ?? [source]) {
          if (result.#sources.includes(root)) continue;
          result.#sources.push(root);
          root.#dependents.push(result);
        }
      }
      return result;
    };
  }

  constructor() {
    if (arguments[0] !== HIDDEN) {
      throw new TypeError("AbortSignal cannot be constructed; use new AbortController().signal, AbortSignal.timeout(ms) or AbortSignal.abort()");
    }
    super();
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = newSignal();
    signal.#aborted = true;
    signal.#reason = reason === undefined ? new DOMException("the operation was aborted", "AbortError") : reason;
    return signal;
  }

  static timeout(milliseconds: number): AbortSignal {
    requireArguments(arguments.length, 1, "AbortSignal.timeout");
    const delay = Math.trunc(Number(milliseconds));
    if (!(delay >= 0 && delay <= Number.MAX_SAFE_INTEGER)) {
      throw new TypeError("AbortSignal.timeout needs a number of milliseconds, 0 or more");
    }
    const signal = newSignal();
    startTimer("AbortSignal.timeout", () => signalAbort(signal, new DOMException("the operation timed out", "TimeoutError")), delay, false, []);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    requireArguments(arguments.length, 1, "AbortSignal.any");
    const list = [...signals];
    for (const one of list) {
      if (typeof one !== "object" || one === null || !isAbortSignal(one)) throw new TypeError("AbortSignal.any needs AbortSignals only");
    }
    return dependentSignal(list);
  }

  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  get onabort(): AbortHandler {
    return this.#handler;
  }
  set onabort(value: AbortHandler) {
    const next = typeof value === "function" ? value : null;
    // One listener, in the place where the handler was set after having been null.
    if (next !== null && this.#handler === null) this.addEventListener("abort", this.#listener);
    if (next === null) this.removeEventListener("abort", this.#listener);
    this.#handler = next;
  }
}

export class AbortController {
  #signal = newSignal();

  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason?: unknown): void {
    signalAbort(this.#signal, reason);
  }
}

defineInterface(AbortSignal, "AbortSignal", 0);
defineInterface(AbortController, "AbortController", 0);
