// The kinds of events that need no document: CustomEvent (DOM, 2.4), ErrorEvent, PromiseRejectionEvent and MessageEvent (HTML).

import { Event, type EventInit, isDispatching } from "./events.ts";
import { defineInterface, isObject, requireArguments, toDictionary, toDOMString, toUSVString } from "./webidl.ts";

export class CustomEvent extends Event {
  #detail: unknown;

  constructor(type: string, init?: EventInit & { detail?: unknown }) {
    requireArguments(arguments.length, 1, "CustomEvent");
    super(type, init);
    this.#detail = init?.detail ?? null;
  }
  get detail(): unknown {
    return this.#detail;
  }
  initCustomEvent(type: string, bubbles = false, cancelable = false, detail: unknown = null): void {
    requireArguments(arguments.length, 1, "CustomEvent.initCustomEvent");
    if (isDispatching(this)) return;
    this.initEvent(type, bubbles, cancelable);
    this.#detail = detail;
  }
}

export class ErrorEvent extends Event {
  #init: { message?: string; filename?: string; lineno?: number; colno?: number; error?: unknown };

  constructor(type: string, init?: EventInit & { message?: string; filename?: string; lineno?: number; colno?: number; error?: unknown }) {
    requireArguments(arguments.length, 1, "ErrorEvent");
    super(type, init);
    this.#init = { ...init };
  }
  get message(): string {
    return toDOMString(this.#init.message ?? "");
  }
  get filename(): string {
    return toDOMString(this.#init.filename ?? "");
  }
  get lineno(): number {
    return Number(this.#init.lineno ?? 0) >>> 0;
  }
  get colno(): number {
    return Number(this.#init.colno ?? 0) >>> 0;
  }
  get error(): unknown {
    return this.#init.error;
  }
}

export class PromiseRejectionEvent extends Event {
  #promise: Promise<unknown>;
  #reason: unknown;

  constructor(type: string, init: EventInit & { promise: Promise<unknown>; reason?: unknown }) {
    requireArguments(arguments.length, 2, "PromiseRejectionEvent");
    super(type, init);
    if (!isObject(init?.promise)) throw new TypeError("PromiseRejectionEvent needs a promise in its options");
    this.#promise = init.promise;
    this.#reason = init.reason;
  }
  get promise(): Promise<unknown> {
    return this.#promise;
  }
  get reason(): unknown {
    return this.#reason;
  }
}


export interface MessageEventInit extends EventInit {
  data?: unknown;
  origin?: string;
  lastEventId?: string;
  source?: object | null;
  ports?: Iterable<object>;
}

export class MessageEvent extends Event {
  #data: unknown;
  #origin: string;
  #lastEventId: string;
  #source: object | null;
  #ports: readonly object[];

  constructor(type: string, init?: MessageEventInit) {
    requireArguments(arguments.length, 1, "MessageEvent");
    super(type, init);
    const { data, lastEventId, origin, ports, source } = toDictionary<Required<MessageEventInit>>(init, "MessageEvent options");
    this.#data = data === undefined ? null : data;
    this.#lastEventId = lastEventId === undefined ? "" : toDOMString(lastEventId);
    this.#origin = origin === undefined ? "" : toUSVString(origin);
    this.#ports = Object.freeze(ports === undefined ? [] : [...ports]);
    if (source !== undefined && source !== null && !isObject(source)) throw new TypeError("MessageEvent: source must be a MessagePort or null");
    this.#source = source ?? null;
  }
  get data(): unknown {
    return this.#data;
  }
  get origin(): string {
    return this.#origin;
  }
  get lastEventId(): string {
    return this.#lastEventId;
  }
  get source(): object | null {
    return this.#source;
  }
  get ports(): readonly object[] {
    return this.#ports;
  }
}

defineInterface(CustomEvent, "CustomEvent", 1);
defineInterface(ErrorEvent, "ErrorEvent", 1);
defineInterface(PromiseRejectionEvent, "PromiseRejectionEvent", 2);
defineInterface(MessageEvent, "MessageEvent", 1);
