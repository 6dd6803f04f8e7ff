// The global object as an event target (HTML, 8.1.7.3): `error` and `unhandledrejection` for what nobody caught, before it is logged
// and fails the request. A listener that calls preventDefault() has dealt with it.

import { ErrorEvent, PromiseRejectionEvent } from "./event-kinds.ts";
import { type Event, EventTarget, fireTrusted, hasGlobalListeners } from "./events.ts";
import { reflectApply } from "./primordials.ts";
import { describeThrown, observeUncaught } from "./report.ts";
import { isObject } from "./webidl.ts";

const target = globalThis as unknown as EventTarget;
const { addEventListener, dispatchEvent, removeEventListener } = EventTarget.prototype;

/** The methods of the global object, which are also called without one. */
export const globalTarget = {
  addEventListener(this: unknown, ...args: unknown[]): void {
    reflectApply(addEventListener as never, this ?? globalThis, args);
  },
  removeEventListener(this: unknown, ...args: unknown[]): void {
    reflectApply(removeEventListener as never, this ?? globalThis, args);
  },
  dispatchEvent(this: unknown, ...args: unknown[]): boolean {
    return reflectApply(dispatchEvent as never, this ?? globalThis, args) as boolean;
  },
};

// An error thrown while one is being reported is only logged.
let reporting = false;

function report(event: () => Event): boolean {
  if (reporting || !hasGlobalListeners()) return false;
  reporting = true;
  try {
    return !fireTrusted(target, event());
  } finally {
    reporting = false;
  }
}

observeUncaught((error) =>
  report(() => new ErrorEvent("error", { message: `Uncaught ${describeThrown(error)[0]}`, error, cancelable: true })),
);

/** The hook: words for a rejection nobody handled; none when a listener has dealt with it, or when it was handled after all. */
export function describeRejection(reason: unknown, promise: Promise<unknown>, handledLate: boolean): string[] {
  if (handledLate) {
    report(() => new PromiseRejectionEvent("rejectionhandled", { promise, reason }));
    return [];
  }
  const event = (): Event => new PromiseRejectionEvent("unhandledrejection", { promise, reason, cancelable: true });
  return report(event) ? [] : describeThrown(reason);
}

type Handler = (...args: unknown[]) => unknown;

/** Defines `on` and `type`, whose handler `call` calls; what that returns tells whether the event has been dealt with. */
function defineGlobalHandler(type: string, call: (handler: Handler, event: Event) => boolean): void {
  let handler: Handler | null = null;
  const listener = (event: Event): void => {
    if (typeof handler === "function" && call(handler, event)) event.preventDefault();
  };
  Object.defineProperty(globalThis, `on${type}`, {
    get: () => handler,
    set(value: unknown) {
      const next = isObject(value) ? (value as Handler) : null;
      if (next !== null && handler === null) reflectApply(addEventListener as never, target, [type, listener]);
      if (next === null) reflectApply(removeEventListener as never, target, [type, listener]);
      handler = next;
    },
    enumerable: false,
    configurable: true,
  });
}

/** Puts the event handlers of the Minimum Common API on the global object. */
export function installGlobalHandlers(): void {
  defineGlobalHandler("error", (handler, event) => {
    const { message, filename, lineno, colno, error } = event as ErrorEvent;
    return handler.call(globalThis, message, filename, lineno, colno, error) === true;
  });
  defineGlobalHandler("rejectionhandled", (handler, event) => handler.call(globalThis, event) === false);
  defineGlobalHandler("unhandledrejection", (handler, event) => handler.call(globalThis, event) === false);
}
