// setTimeout, setInterval, queueMicrotask (HTML, 8.6 and 8.7) and the hooks by which the Rust half drives them.

import { requireRequest } from "./invocation.ts";
import { native } from "./native.ts";
import { promiseResolve, promiseThen, reflectApply } from "./primordials.ts";
import { reportUncaught } from "./report.ts";
import { requireArguments } from "./webidl.ts";

/** More than this many live timers is a leak in the tenant's code, and each of them costs memory. */
const MAX_LIVE_TIMERS = 1000;
const MAX_DELAY_MS = 2 ** 31 - 1;
/** HTML: from the sixth nesting level on, timers fire 4 ms apart at the closest. */
const NESTING_LIMIT = 5;
const NESTED_DELAY_MS = 4;

interface Timer {
  id: number;
  due: number;
  /** Milliseconds between runs, or -1 for a timer that runs once. */
  interval: number;
  nesting: number;
  callback: (...args: never[]) => unknown;
  args: unknown[];
  /** What AsyncLocalStorage keeps, as it was when the timer was started. */
  context: unknown;
}

// By due time, then by creation: a new timer goes after those due at the same moment.
const queue: Timer[] = [];
const live = new Map<number, Timer>();
let nextId = 1;
// The nesting level of the timer callback that runs now, 0 outside of one.
let nesting = 0;

function enqueue(timer: Timer): void {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((queue[middle] as Timer).due <= timer.due) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, timer);
}

function currentContext(): unknown {
  const context = native.swapAsyncContext(undefined);
  native.swapAsyncContext(context);
  return context;
}

function delayOf(value: unknown): number {
  const delay = Math.trunc(Number(value));
  if (!(delay > 0)) return 0;
  return delay > MAX_DELAY_MS ? 1 : delay;
}

/** Starts a timer on behalf of `what`; throws when there are too many. */
export function startTimer(what: string, callback: Timer["callback"], delay: number, repeat: boolean, args: unknown[]): number {
  requireRequest(what);
  if (live.size >= MAX_LIVE_TIMERS) {
    throw new Error(
      `${what}: ${MAX_LIVE_TIMERS} timers are already waiting, which is the limit. Clear timers that are no longer needed, or use one for several tasks.`,
    );
  }
  const level = nesting + 1;
  const wait = level > NESTING_LIMIT && delay < NESTED_DELAY_MS ? NESTED_DELAY_MS : delay;
  const timer = { id: nextId++, due: native.monoNow() + wait, interval: repeat ? delay : -1, nesting: level, callback, args, context: currentContext() };
  live.set(timer.id, timer);
  enqueue(timer);
  return timer.id;
}

/** Queues a task of the engine's own, such as a message to deliver: after the timers that are due already, at no distance from them. */
export function queueTask(callback: () => void): void {
  // Not among the live timers: nobody can clear it, and it does not count against their limit.
  enqueue({ id: 0, due: native.monoNow(), interval: -1, nesting: 0, callback, args: [], context: currentContext() });
}

function stopTimer(id: unknown): void {
  const timer = live.get(Number(id));
  if (timer === undefined) return;
  live.delete(timer.id);
  const at = queue.indexOf(timer);
  if (at >= 0) queue.splice(at, 1);
}

function requireCallback(callback: unknown, what: string): asserts callback is Timer["callback"] {
  if (typeof callback !== "function") {
    throw new TypeError(`${what} needs a function as its first argument; strings of code are not evaluated`);
  }
}

export function setTimeout(callback: Timer["callback"], delay?: number, ...args: unknown[]): number {
  requireArguments(arguments.length, 1, "setTimeout");
  requireCallback(callback, "setTimeout");
  return startTimer("setTimeout", callback, delayOf(delay), false, args);
}

export function setInterval(callback: Timer["callback"], delay?: number, ...args: unknown[]): number {
  requireArguments(arguments.length, 1, "setInterval");
  requireCallback(callback, "setInterval");
  return startTimer("setInterval", callback, delayOf(delay), true, args);
}

export function clearTimeout(id?: number): void {
  stopTimer(id);
}

export function clearInterval(id?: number): void {
  stopTimer(id);
}

export function queueMicrotask(callback: () => void): void {
  requireArguments(arguments.length, 1, "queueMicrotask");
  if (typeof callback !== "function") throw new TypeError("queueMicrotask needs a function");
  void promiseThen(promiseResolve(undefined), () => {
    try {
      callback();
    } catch (error) {
      reportUncaught(error);
    }
  });
}

/** Milliseconds until the earliest timer is due: 0 for now, -1 when there is none. */
export function timersNext(): number {
  const first = queue[0];
  if (first === undefined) return -1;
  const wait = Math.ceil(first.due - native.monoNow());
  return wait > 0 ? wait : 0;
}

/**
 * Runs the earliest timer that is due. One per call: microtasks must run between two timers, and only the Rust half
 * can run those; it comes back as long as `timersNext` says 0.
 */
export function timersRun(): void {
  const timer = queue[0];
  if (timer === undefined || timer.due > native.monoNow()) return;
  queue.shift();
  if (timer.interval < 0) live.delete(timer.id);
  nesting = timer.nesting;
  native.swapAsyncContext(timer.context);
  try {
    reflectApply(timer.callback, globalThis, timer.args);
  } catch (error) {
    reportUncaught(error);
  }
  native.swapAsyncContext(undefined);
  nesting = 0;
  // Unless the callback cleared it.
  if (timer.interval >= 0 && live.has(timer.id)) {
    if (timer.nesting <= NESTING_LIMIT) timer.nesting++;
    const wait = timer.nesting > NESTING_LIMIT ? Math.max(timer.interval, NESTED_DELAY_MS) : timer.interval;
    timer.due = native.monoNow() + wait;
    enqueue(timer);
  }
}
