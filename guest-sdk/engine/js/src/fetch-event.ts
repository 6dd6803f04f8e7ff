// FetchEvent (Service Workers, 4.6): how code in the form of a service worker, which exports nothing and listens for "fetch", is asked
// for its answer. Whether a module is of that form says module-check.ts; what becomes of the answer is handler.ts'.

import { DOMException } from "./dom-exception.ts";
import { Event, type EventInit, EventTarget, fireTrusted, isDispatching } from "./events.ts";
import { logThrown } from "./report.ts";
import { Request } from "./request.ts";
import { defineInterface, requireArguments, toDictionary } from "./webidl.ts";

type WaitUntil = (promise: unknown) => void;

/** Steps that need an event's private state. */
let setWaitUntil: (event: FetchEvent, waitUntil: WaitUntil) => void;
let answerOf: (event: FetchEvent) => { readonly response: unknown } | null;

export class FetchEvent extends Event {
  #request: Request;
  #answer: { readonly response: unknown } | null = null;
  /** The request's; an event that code made itself has none. */
  #waitUntil: WaitUntil | null = null;

  static {
    setWaitUntil = (event, waitUntil) => {
      event.#waitUntil = waitUntil;
    };
    answerOf = (event) => event.#answer;
  }

  constructor(type: string, init: EventInit & { request: Request }) {
    requireArguments(arguments.length, 2, "FetchEvent");
    super(type, init);
    const { request } = toDictionary<{ request: Request }>(init, "event options");
    if (!(request instanceof Request)) throw new TypeError("FetchEvent needs a Request in its options");
    this.#request = request;
  }
  get request(): Request {
    return this.#request;
  }
  respondWith(response: unknown): void {
    requireArguments(arguments.length, 1, "FetchEvent.respondWith");
    if (!isDispatching(this) || this.#waitUntil === null) {
      throw new DOMException("respondWith was called too late: call it in the listener, before anything is awaited, and give it the promise", "InvalidStateError");
    }
    if (this.#answer !== null) throw new DOMException("respondWith was called already", "InvalidStateError");
    this.stopImmediatePropagation();
    this.#answer = { response };
  }
  waitUntil(promise: unknown): void {
    requireArguments(arguments.length, 1, "FetchEvent.waitUntil");
    if (this.#waitUntil === null) throw new DOMException("waitUntil was called on an event that is of no request", "InvalidStateError");
    this.#waitUntil(promise);
  }
  /** There is no origin to pass through to. */
  passThroughOnException(): void {}
}

/** What the listeners for "fetch" answer with. Throws what a listener threw instead of answering. */
export function askListeners(request: Request, waitUntil: WaitUntil): unknown {
  const event = new FetchEvent("fetch", { request, cancelable: true });
  setWaitUntil(event, waitUntil);
  const thrown: unknown[] = [];
  fireTrusted(globalThis as unknown as EventTarget, event, (error) => void thrown.push(error));
  const answer = answerOf(event);
  if (answer !== null) {
    for (const error of thrown) logThrown(error, 'Uncaught exception in a listener for "fetch": ');
    return answer.response;
  }
  if (thrown.length > 0) throw thrown[0];
  throw new TypeError('no listener for "fetch" called event.respondWith(); call it in the listener, before anything is awaited');
}

defineInterface(FetchEvent, "FetchEvent", 2);
