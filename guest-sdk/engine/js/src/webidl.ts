// Web IDL as the other files need it: argument conversions and the shape interfaces have on the global. No
// interface of its own.

import { regExpExec, toWellFormed } from "./primordials.ts";

/** Prototypes of every interface installed, so that structured cloning can tell platform objects from plain ones. */
export const interfacePrototypes = new Set<object>();

// An abstract constructor type also takes classes whose constructors refuse.
type AnyClass = abstract new (...args: never[]) => object;

/**
 * Gives `cls` what Web IDL asks of an interface: its name, a string tag, enumerable members; and registers it. `lengths` are those of
 * methods that have optional parameters without a default, which TypeScript's compiler counts and Web IDL does not.
 */
export function defineInterface(cls: AnyClass, name: string, parameters = cls.length, lengths: Readonly<Record<string, number>> = {}): void {
  for (const [method, value] of Object.entries(lengths)) {
    const holder = (Object.hasOwn(cls.prototype, method) ? cls.prototype : cls) as Record<string, object>;
    Object.defineProperty(holder[method], "length", { value, configurable: true });
  }
  Object.defineProperty(cls, "name", { value: name, configurable: true });
  Object.defineProperty(cls, "length", { value: parameters, configurable: true });
  // The prototype of a class cannot be replaced; the streams library's function-style classes follow suit.
  Object.defineProperty(cls, "prototype", { writable: false, enumerable: false });
  makeEnumerable(cls.prototype as object, ["constructor"]);
  makeEnumerable(cls, ["length", "name", "prototype"]);
  Object.defineProperty(cls.prototype, Symbol.toStringTag, { value: name, configurable: true });
  interfacePrototypes.add(cls.prototype as object);
}

function makeEnumerable(target: object, except: readonly string[]): void {
  for (const key of Object.getOwnPropertyNames(target)) {
    if (except.includes(key)) continue;
    const property = Object.getOwnPropertyDescriptor(target, key);
    if (property?.configurable) Object.defineProperty(target, key, { enumerable: true });
  }
}

/** Constants stand on both the interface and its prototype, read-only. */
export function defineConstants(cls: AnyClass, constants: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(constants)) {
    const property = { value, enumerable: true };
    Object.defineProperty(cls, name, property);
    Object.defineProperty(cls.prototype, name, property);
  }
}

/** Throws unless `given` arguments are at least `needed`; `where` names the operation as a user writes it. */
export function requireArguments(given: number, needed: number, where: string): void {
  if (given < needed) {
    throw new TypeError(`${where} needs ${needed} argument${needed === 1 ? "" : "s"}, but got ${given}`);
  }
}

/** DOMString. A symbol is a TypeError, as the standard says. */
export function toDOMString(value: unknown): string {
  return `${value as string}`;
}

/** USVString: lone surrogates become U+FFFD. */
export function toUSVString(value: unknown): string {
  return toWellFormed(`${value as string}`);
}

const NOT_BYTES = /[^\0-\xff]/;

/** ByteString: every character below U+0100. */
export function toByteString(value: unknown, what: string): string {
  const text = `${value as string}`;
  const found = regExpExec(NOT_BYTES, text);
  if (found !== null) {
    throw new TypeError(`${what} has a character above U+00FF at position ${found.index}; headers carry bytes, so encode it first`);
  }
  return text;
}

/** A dictionary argument: undefined and null are empty. */
export function toDictionary<T extends object>(value: unknown, what: string): Partial<T> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" && typeof value !== "function") throw new TypeError(`${what} must be an object`);
  return value as Partial<T>;
}

/** One of `allowed`, or a TypeError that lists them. */
export function toEnum<T extends string>(value: unknown, allowed: readonly T[], what: string): T {
  const text = toDOMString(value);
  for (const one of allowed) if (one === text) return one;
  throw new TypeError(`${what} must be one of ${allowed.map((one) => `"${one}"`).join(", ")}, not "${text}"`);
}

/** Iterates `value` by an iterator method that was looked up already: the standard reads the property once. */
export function iterateBy(value: object, method: unknown, what: string): Iterable<unknown> {
  if (typeof method !== "function") throw new TypeError(`${what} must be iterable, such as an array`);
  return { [Symbol.iterator]: () => method.call(value) as Iterator<unknown> };
}

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A maker of default iterators (Web IDL, 3.7.10), which share a prototype with `next` and a string tag. */
export function makePairIterator<Entry>(
  tag: string,
): (entries: () => readonly Entry[], pick: (entry: Entry) => unknown) => IterableIterator<unknown> {
  const prototype = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))) as object;
  const states = new WeakMap<object, { at: number; entries: () => readonly Entry[]; pick: (entry: Entry) => unknown }>();
  Object.defineProperties(prototype, {
    next: {
      value: function next(this: object) {
        const state = states.get(this);
        if (state === undefined) throw new TypeError(`next was called on an object that is not a ${tag}`);
        // Asked again at each step: the standard iterates live, so changes made meanwhile show.
        const entries = state.entries();
        if (state.at >= entries.length) return { value: undefined, done: true };
        return { value: state.pick(entries[state.at++] as Entry), done: false };
      },
      writable: true,
      enumerable: true,
      configurable: true,
    },
    [Symbol.toStringTag]: { value: tag, configurable: true },
  });
  return (entries, pick) => {
    const iterator = Object.create(prototype) as IterableIterator<unknown>;
    states.set(iterator, { at: 0, entries, pick });
    return iterator;
  };
}
