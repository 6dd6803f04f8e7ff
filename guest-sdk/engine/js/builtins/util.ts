// node:util, thin: what libraries ask of it, over the engine's own `inspect` and `format`.

import internals from "isolet:internals";
import { isDeepStrictEqual } from "assert/build/internal/util/comparisons";
import { types } from "./util-types.ts";

type Fn = (...args: never[]) => unknown;
type Callback = (error: unknown, value?: unknown) => void;

const CUSTOM = Symbol.for("nodejs.util.promisify.custom");

export function inspect(value: unknown, options?: { depth?: number | null } | boolean): string {
  const depth = typeof options === "object" ? options.depth : undefined;
  return internals.inspect(value, depth === undefined ? {} : { depth: depth ?? Number.POSITIVE_INFINITY });
}
inspect.custom = Symbol.for("nodejs.util.inspect.custom");
inspect.defaultOptions = { depth: 2 };

export function format(...args: unknown[]): string {
  return internals.format(args);
}

export function formatWithOptions(_options: unknown, ...args: unknown[]): string {
  return internals.format(args);
}

export function promisify(fn: Fn): Fn {
  if (typeof fn !== "function") throw new TypeError("util.promisify needs a function");
  const own = Reflect.get(fn, CUSTOM) as Fn | undefined;
  if (own !== undefined) return own;
  const promised = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done: Callback = (error, value) => (error ? reject(error as Error) : resolve(value));
      Reflect.apply(fn, this, [...args, done]);
    });
  };
  return Object.defineProperties(Object.setPrototypeOf(promised, Object.getPrototypeOf(fn)), Object.getOwnPropertyDescriptors(fn)) as Fn;
}
promisify.custom = CUSTOM;

const { setTimeout } = globalThis as unknown as { setTimeout(callback: () => void, delay?: number): number };
Object.defineProperty(setTimeout, CUSTOM, {
  value: (delay?: number, value?: unknown) => new Promise((resolve) => setTimeout(() => resolve(value), delay)),
  configurable: true,
});

export function callbackify(fn: Fn): Fn {
  if (typeof fn !== "function") throw new TypeError("util.callbackify needs a function");
  return function (this: unknown, ...args: unknown[]): void {
    const done = args.pop() as Callback;
    if (typeof done !== "function") throw new TypeError("the last argument must be a function");
    (Reflect.apply(fn, this, args) as Promise<unknown>).then((value) => done(null, value), (error) => done(error ?? new Error("rejected with nothing")));
  } as Fn;
}

export function inherits(constructor: Fn, parent: Fn): void {
  Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype as object);
}

const warned = new Set<string>();

export function deprecate<F extends Fn>(fn: F, message: string, code?: string): F {
  return function (this: unknown, ...args: unknown[]): unknown {
    const key = code ?? message;
    if (!warned.has(key)) {
      warned.add(key);
      (globalThis as unknown as { console: { warn(text: string): void } }).console.warn(`DeprecationWarning: ${message}`);
    }
    return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
  } as unknown as F;
}

export function debuglog(): Fn & { enabled: boolean } {
  return Object.assign(() => undefined, { enabled: false });
}

export function stripVTControlCharacters(text: string): string {
  return text.replace(/\u001b\[[\d;?]*[ -/]*[@-~]/g, "");
}

/** What begins and what ends a style of a terminal's. */
const STYLES: Record<string, readonly [begin: number, end: number]> = {
  reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27], hidden: [8, 28],
  strikethrough: [9, 29], doubleunderline: [21, 24], framed: [51, 54], overlined: [53, 55], gray: [90, 39], grey: [90, 39],
};
["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"].forEach((color, i) => {
  const upper = color[0]?.toUpperCase() + color.slice(1);
  STYLES[color] = [30 + i, 39];
  STYLES[`bg${upper}`] = [40 + i, 49];
  STYLES[`${color}Bright`] = [90 + i, 39];
  STYLES[`bg${upper}Bright`] = [100 + i, 49];
});

export function styleText(format: string | string[], text: string): string {
  let [before, after] = ["", ""];
  for (const name of [format].flat()) {
    if (!Object.hasOwn(STYLES, name)) throw new TypeError(`util.styleText knows no style ${inspect(name)}`);
    const [begin, end] = STYLES[name] as readonly [number, number];
    before += `\u001b[${begin}m`;
    after = `\u001b[${end}m${after}`;
  }
  return before + text + after;
}

export function toUSVString(text: string): string {
  return String(text).toWellFormed();
}

/** The names of Node's oldest questions, which its packages still ask. */
export const isArray = Array.isArray;
export const isError = types.isNativeError;
export const isRegExp = types.isRegExp;
export const isDate = types.isDate;
export const isFunction = (value: unknown): boolean => typeof value === "function";
export const isString = (value: unknown): boolean => typeof value === "string";
export const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const { TextEncoder, TextDecoder } = globalThis as unknown as Record<"TextEncoder" | "TextDecoder", unknown>;
const debug = debuglog;

export { TextDecoder, TextEncoder, debug, isDeepStrictEqual, types };
export default {
  TextDecoder, TextEncoder, callbackify, debug, debuglog, deprecate, format, formatWithOptions, inherits, inspect, isArray, isDate,
  isDeepStrictEqual, isError, isFunction, isObject, isRegExp, isString, promisify, stripVTControlCharacters, styleText, toUSVString,
  types,
};
