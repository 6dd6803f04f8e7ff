// The language's own methods that go by locale: `toLocaleString` of its kinds and `localeCompare`. Formats are kept by what they were made
// of, because making one costs far more than using it, and loops make the same one over and over.

import { Collator } from "./intl-collator.ts";
import { intl } from "./intl-global.ts";
import { native } from "./native.ts";

type Options = Record<string, unknown>;
type Made = new (locales: unknown, options: unknown) => unknown;

const numberOf = Number.prototype.valueOf;
const bigintOf = BigInt.prototype.valueOf;
const timeOf = Date.prototype.getTime;

const MOST_KEPT = 64;
const kept = new Map<string, unknown>();

/** What tells these arguments from others; `null` when nothing simple does. */
function keyOf(locales: unknown, options: unknown): string | null {
  if (locales !== undefined && typeof locales !== "string") return null;
  if (options === undefined) return `${locales}`;
  if (typeof options !== "object" || options === null || Object.getPrototypeOf(options) !== Object.prototype) return null;
  let key = `${locales}`;
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "object" || typeof value === "function" || typeof value === "symbol") return null;
    key += `\n${name}\n${typeof value}\n${value}`;
  }
  return key;
}

function format<Type>(name: string, locales: unknown, options: unknown, make: () => Type): Type {
  const key = keyOf(locales, options);
  if (key === null) return make();
  const whole = `${name}\n${key}`;
  let made = kept.get(whole) as Type | undefined;
  if (made === undefined) {
    made = make();
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(whole, made);
  }
  return made;
}

// As they are now: what a tenant puts in their place is not asked.
const classes = (): { NumberFormat: Made; DateTimeFormat: Made } => intl as never;

const formatNumber = (value: number | bigint, locales: unknown, options: unknown): string => {
  const made = format("number", locales, options, () => new (classes().NumberFormat)(locales, options) as Intl.NumberFormat);
  return made.format(value);
};

const DATE_FIELDS = ["weekday", "year", "month", "day"];
const TIME_FIELDS = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];

/** The options with what is shown by default, unless a field of the kinds `asked` for is there. */
function withDefaults(given: unknown, asked: readonly string[], shown: readonly string[], excluded?: "dateStyle" | "timeStyle"): Options {
  if (given === null) throw new TypeError("the options are null");
  const options = Object.create(given === undefined ? null : (Object(given) as object)) as Options;
  if (excluded !== undefined && options[excluded] !== undefined) throw new TypeError(`${excluded} does not go with this method`);
  if (asked.every((name) => options[name] === undefined) && options.dateStyle === undefined && options.timeStyle === undefined) {
    for (const name of shown) options[name] = "numeric";
  }
  return options;
}

function formatDate(date: Date, name: string, locales: unknown, given: unknown, options: () => Options): string {
  const time = timeOf.call(date);
  if (Number.isNaN(time)) return "Invalid Date";
  const made = format(name, locales, given, () => new (classes().DateTimeFormat)(locales, options()) as Intl.DateTimeFormat);
  return made.format(time);
}

const DATE = ["year", "month", "day"];
const TIME = ["hour", "minute", "second"];

/** The text of the first `length` elements, each by its own method with the arguments. What that does to the list does not change how many. */
function joinLocale(list: ArrayLike<unknown>, length: number, locales: unknown, options: unknown): string {
  let text = "";
  for (let i = 0; i < length; i++) {
    const element = list[i];
    if (i > 0) text += ",";
    if (element !== undefined && element !== null) text += String((element as { toLocaleString(...args: unknown[]): unknown }).toLocaleString(locales, options));
  }
  return text;
}

/** The standard's LengthOfArrayLike. */
function lengthOf(list: ArrayLike<unknown>): number {
  const length = Math.trunc(list.length);
  return length > 0 ? Math.min(length, Number.MAX_SAFE_INTEGER) : 0;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
const typedLength = Object.getOwnPropertyDescriptor(typedArray, "length")?.get as (this: unknown) => number;
// Throws for what is no typed array and for one whose buffer is gone or too short by now; its length alone would be zero there.
const typedKeys = typedArray.keys;

/** Prototype and its methods. Optional parameters are left out of a method's length by their default. */
export const localeMethods: readonly (readonly [target: object, methods: Record<string, unknown>])[] = [
  [Number.prototype, {
    toLocaleString(this: unknown, locales: unknown = undefined, options: unknown = undefined): string {
      return formatNumber(numberOf.call(this as number), locales, options);
    },
  }],
  [BigInt.prototype, {
    toLocaleString(this: unknown, locales: unknown = undefined, options: unknown = undefined): string {
      return formatNumber(bigintOf.call(this as bigint), locales, options);
    },
  }],
  [Date.prototype, {
    toLocaleString(this: Date, locales: unknown = undefined, options: unknown = undefined): string {
      return formatDate(this, "both", locales, options, () => withDefaults(options, [...DATE_FIELDS, ...TIME_FIELDS], [...DATE, ...TIME]));
    },
    toLocaleDateString(this: Date, locales: unknown = undefined, options: unknown = undefined): string {
      return formatDate(this, "date", locales, options, () => withDefaults(options, DATE_FIELDS, DATE, "timeStyle"));
    },
    toLocaleTimeString(this: Date, locales: unknown = undefined, options: unknown = undefined): string {
      return formatDate(this, "time", locales, options, () => withDefaults(options, TIME_FIELDS, TIME, "dateStyle"));
    },
  }],
  [String.prototype, {
    localeCompare(this: unknown, that: unknown, locales: unknown = undefined, options: unknown = undefined): number {
      if (this === undefined || this === null) throw new TypeError("String.prototype.localeCompare called on null or undefined");
      const [a, b] = [String(this), String(that)];
      // Sensitive to all there is.
      if (locales === undefined && options === undefined) return native.compare(a, b, 3);
      return format("collator", locales, options, () => new Collator(locales, options)).compare(a, b);
    },
  }],
  [Array.prototype, {
    toLocaleString(this: unknown, locales: unknown = undefined, options: unknown = undefined): string {
      if (this === undefined || this === null) throw new TypeError("Array.prototype.toLocaleString called on null or undefined");
      const list = Object(this) as ArrayLike<unknown>;
      return joinLocale(list, lengthOf(list), locales, options);
    },
  }],
  [typedArray, {
    toLocaleString(this: unknown, locales: unknown = undefined, options: unknown = undefined): string {
      typedKeys.call(this as Uint8Array);
      return joinLocale(this as ArrayLike<unknown>, typedLength.call(this), locales, options);
    },
  }],
];
