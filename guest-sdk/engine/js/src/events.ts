// Event and EventTarget (DOM, 2). The other kinds of events are in event-kinds.ts; AbortSignal builds on it in abort.ts.

import { DOMException } from "./dom-exception.ts";
import { reportThrown } from "./report.ts";
import { monotonicMillis } from "./clock.ts";
import { defineConstants, defineInterface, isObject, requireArguments, toDictionary, toDOMString } from "./webidl.ts";

export interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

const AT_TARGET = 2;

/** Steps of EventTarget that need an event's private state. */
let beginDispatch: (event: Event, target: EventTarget) => void;
let endDispatch: (event: Event) => void;
let setTrusted: (event: Event) => void;
export let isDispatching: (event: Event) => boolean;
let isStopped: (event: Event) => boolean;
let setPassive: (event: Event, passive: boolean) => void;

export class Event {
  #type: string;
  #bubbles: boolean;
  #cancelable: boolean;
  #composed: boolean;
  #target: EventTarget | null = null;
  #currentTarget: EventTarget | null = null;
  #phase = 0;
  #propagationStopped = false;
  #immediateStopped = false;
  #canceled = false;
  #passive = false;
  #dispatching = false;
  #trusted = false;
  #timeStamp = monotonicMillis();

  static {
    beginDispatch = (event, target) => {
      event.#dispatching = true;
      event.#target = target;
      event.#currentTarget = target;
      event.#phase = AT_TARGET;
    };
    endDispatch = (event) => {
      event.#dispatching = false;
      event.#phase = 0;
      event.#currentTarget = null;
      event.#propagationStopped = false;
      event.#immediateStopped = false;
    };
    setTrusted = (event) => {
      event.#trusted = true;
    };
    isDispatching = (event) => event.#dispatching;
    isStopped = (event) => event.#immediateStopped;
    setPassive = (event, passive) => {
      event.#passive = passive;
    };
  }

  constructor(type: string, init?: EventInit) {
    requireArguments(arguments.length, 1, new.target.name || "Event");
    this.#type = toDOMString(type);
    const { bubbles, cancelable, composed } = toDictionary<Required<EventInit>>(init, "event options");
    this.#bubbles = Boolean(bubbles);
    this.#cancelable = Boolean(cancelable);
    this.#composed = Boolean(composed);
    // Unforgeable: an own property, the same getter on every event.
    Object.defineProperty(this, "isTrusted", { get: getIsTrusted, enumerable: true });
  }

  declare readonly isTrusted: boolean;
  static trusted(event: Event): boolean {
    return event.#trusted;
  }

  get type(): string {
    return this.#type;
  }
  get target(): EventTarget | null {
    return this.#target;
  }
  get srcElement(): EventTarget | null {
    return this.#target;
  }
  get currentTarget(): EventTarget | null {
    return this.#currentTarget;
  }
  get eventPhase(): number {
    return this.#phase;
  }
  get bubbles(): boolean {
    return this.#bubbles;
  }
  get cancelable(): boolean {
    return this.#cancelable;
  }
  get composed(): boolean {
    return this.#composed;
  }
  get defaultPrevented(): boolean {
    return this.#canceled;
  }
  get timeStamp(): number {
    return this.#timeStamp;
  }
  get cancelBubble(): boolean {
    return this.#propagationStopped;
  }
  set cancelBubble(value: boolean) {
    if (value) this.#propagationStopped = true;
  }
  get returnValue(): boolean {
    return !this.#canceled;
  }
  set returnValue(value: boolean) {
    if (!value) this.preventDefault();
  }

  composedPath(): EventTarget[] {
    return this.#currentTarget === null ? [] : [this.#currentTarget];
  }
  stopPropagation(): void {
    this.#propagationStopped = true;
  }
  stopImmediatePropagation(): void {
    this.#propagationStopped = true;
    this.#immediateStopped = true;
  }
  preventDefault(): void {
    if (this.#cancelable && !this.#passive) this.#canceled = true;
  }
  initEvent(type: string, bubbles = false, cancelable = false): void {
    requireArguments(arguments.length, 1, "Event.initEvent");
    if (this.#dispatching) return;
    this.#propagationStopped = false;
    this.#immediateStopped = false;
    this.#canceled = false;
    this.#trusted = false;
    this.#target = null;
    this.#type = toDOMString(type);
    this.#bubbles = Boolean(bubbles);
    this.#cancelable = Boolean(cancelable);
  }
}

const isTrusted = Event.trusted;
delete (Event as { trusted?: unknown }).trusted;
const getIsTrusted = Object.getOwnPropertyDescriptor(
  {
    get isTrusted(): boolean {
      return isTrusted(this as unknown as Event);
    },
  },
  "isTrusted",
)?.get as () => boolean;

/** The part of an AbortSignal that listener options need; abort.ts cannot be imported from here. */
interface SignalLike {
  readonly aborted: boolean;
}

/** Steps to take when a signal aborts, before its event: by signal. abort.ts runs them. */
export const abortAlgorithms = new WeakMap<object, (() => void)[]>();

function whenAborted(signal: object, step: () => void): void {
  const steps = abortAlgorithms.get(signal);
  if (steps === undefined) abortAlgorithms.set(signal, [step]);
  else steps.push(step);
}

type Callback = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface Listener {
  type: string;
  callback: Callback;
  capture: boolean;
  once: boolean;
  passive: boolean;
  removed: boolean;
}

type Caught = (error: unknown) => void;

/** Fires a trusted event at `target`, as the engine itself does. `caught` gets what listeners throw, which is reported otherwise. */
export function fireTrusted(target: EventTarget, event: Event, caught?: Caught): boolean {
  setTrusted(event);
  return dispatch(target, event, caught);
}

const globalListeners: Listener[] = [];

/** Whether anybody listens to the global object, for events of `type` or of any. */
export function hasGlobalListeners(type?: string): boolean {
  return type === undefined ? globalListeners.length > 0 : globalListeners.some((one) => one.type === type);
}

let listenersOf: (target: EventTarget) => Listener[];

export class EventTarget {
  #listeners: Listener[] = [];

  static {
    listenersOf = (target) => {
      // The global object is a target too, and no instance.
      return (target as unknown) === globalThis ? globalListeners : target.#listeners;
    };
  }

  addEventListener(type: string, callback: Callback | null, options?: unknown): void {
    requireArguments(arguments.length, 2, "EventTarget.addEventListener");
    const listeners = listenersOf(this);
    const name = toDOMString(type);
    const flags = isObject(options) ? (options as { capture?: unknown; once?: unknown; passive?: unknown; signal?: SignalLike }) : { capture: options };
    const capture = Boolean(flags.capture);
    const once = Boolean(flags.once);
    const passive = Boolean(flags.passive);
    const signal = flags.signal;
    if (signal !== undefined && !(isObject(signal) && typeof signal.aborted === "boolean")) {
      throw new TypeError("EventTarget.addEventListener: signal must be an AbortSignal");
    }
    if (callback !== null && callback !== undefined && !isObject(callback)) {
      throw new TypeError("EventTarget.addEventListener needs a function, an object with handleEvent, or null");
    }
    if (callback === null || callback === undefined || signal?.aborted) return;
    if (listeners.some((one) => one.type === name && one.callback === callback && one.capture === capture)) return;
    const listener: Listener = { type: name, callback, capture, once, passive, removed: false };
    listeners.push(listener);
    if (signal !== undefined) whenAborted(signal, () => remove(listeners, listener));
  }

  removeEventListener(type: string, callback: Callback | null, options?: unknown): void {
    requireArguments(arguments.length, 2, "EventTarget.removeEventListener");
    const listeners = listenersOf(this);
    const name = toDOMString(type);
    const capture = Boolean(isObject(options) ? (options as { capture?: unknown }).capture : options);
    const found = listeners.find((one) => one.type === name && one.callback === callback && one.capture === capture);
    if (found !== undefined) remove(listeners, found);
  }

  dispatchEvent(event: Event): boolean {
    requireArguments(arguments.length, 1, "EventTarget.dispatchEvent");
    void listenersOf(this);
    if (!(event instanceof Event)) throw new TypeError("EventTarget.dispatchEvent needs an Event");
    if (isDispatching(event)) throw new DOMException("the event is already being dispatched", "InvalidStateError");
    return dispatch(this, event);
  }
}

type Handler = ((this: EventTarget, event: Event) => unknown) | null;

/** Gives `cls` an event handler attribute, `on` and `type` (HTML, 8.1.8.1). `check` throws for objects of another class. */
export function defineHandler<T extends EventTarget>(cls: { prototype: T }, type: string, check: (target: T) => void, set?: (target: T) => void): void {
  const handlers = new WeakMap<object, { current: Handler; listener: (event: Event) => unknown }>();
  const name = `on${type}`;
  const accessor = {
    get [name](): Handler {
      check(this as unknown as T);
      return handlers.get(this)?.current ?? null;
    },
    set [name](value: unknown) {
      const target = this as unknown as T;
      check(target);
      const next = isObject(value) ? (value as Handler) : null;
      const known = handlers.get(target);
      if (known === undefined) {
        const made = {
          current: next,
          listener: (event: Event) => (typeof made.current === "function" ? made.current.call(target, event) : undefined),
        };
        handlers.set(target, made);
        // Its place among the listeners is that of the first time it is set.
        if (next !== null) addListener.call(target, type, made.listener);
      } else {
        if (next === null) removeListener.call(target, type, known.listener);
        else if (known.current === null) addListener.call(target, type, known.listener);
        known.current = next;
      }
      set?.(target);
    },
  };
  Object.defineProperty(cls.prototype, name, Object.getOwnPropertyDescriptor(accessor, name) as PropertyDescriptor);
}

const { addEventListener: addListener, removeEventListener: removeListener } = EventTarget.prototype;

function remove(listeners: Listener[], listener: Listener): void {
  listener.removed = true;
  const at = listeners.indexOf(listener);
  if (at >= 0) listeners.splice(at, 1);
}

function dispatch(target: EventTarget, event: Event, caught?: Caught): boolean {
  beginDispatch(event, target);
  const listeners = listenersOf(target);
  // A copy: listeners added meanwhile do not run, removed ones are marked. Capturing ones come first.
  const matching = listeners.filter((one) => one.type === event.type);
  for (const capture of [true, false]) {
    for (const listener of matching) {
      if (listener.capture !== capture || listener.removed || isStopped(event)) continue;
      if (listener.once) remove(listeners, listener);
      setPassive(event, listener.passive);
      try {
        callListener(listener.callback, target, event);
      } catch (error) {
        if (caught !== undefined) caught(error);
        else reportThrown(error, `Uncaught exception in a listener for "${event.type}": `);
      }
      setPassive(event, false);
    }
    // stopPropagation in the capturing half ends the dispatch, as it would between two targets.
    if (event.cancelBubble) break;
  }
  endDispatch(event);
  return !event.defaultPrevented;
}

function callListener(callback: Callback, target: EventTarget, event: Event): void {
  if (typeof callback === "function") {
    callback.call(target, event);
    return;
  }
  const { handleEvent } = callback;
  if (typeof handleEvent !== "function") throw new TypeError("the listener object has no handleEvent method");
  handleEvent.call(callback, event);
}

defineInterface(Event, "Event", 1);
defineConstants(Event, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 });
defineInterface(EventTarget, "EventTarget", 0);
