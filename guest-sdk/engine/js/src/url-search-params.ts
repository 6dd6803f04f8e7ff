// URLSearchParams and the application/x-www-form-urlencoded format (URL standard, 5 and 6.2).

import { native } from "./native.ts";
import { defineInterface, isObject, iterateBy, makePairIterator, requireArguments, toUSVString } from "./webidl.ts";

type Pair = [name: string, value: string];

/** Decodes `+` and percent signs of one name or value. */
function decodePart(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced.toWellFormed();
  return native.utf8Decode(percentDecode(native.utf8Encode(spaced)), false, true);
}

/** "Percent-decode" (URL standard, 1.3). */
export function percentDecode(source: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] as number;
    const high = byte === 0x25 ? hexDigit(source[i + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(source[i + 2]);
    if (low < 0) bytes[length++] = byte;
    else {
      bytes[length++] = high * 16 + low;
      i += 2;
    }
  }
  return bytes.subarray(0, length);
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The pairs of a string in urlencoded form, without a leading `?`. */
export function parseUrlEncoded(text: string): Pair[] {
  const pairs: Pair[] = [];
  for (const part of text.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    if (equals < 0) pairs.push([decodePart(part), ""]);
    else pairs.push([decodePart(part.slice(0, equals)), decodePart(part.slice(equals + 1))]);
  }
  return pairs;
}

const PLAIN = /^[A-Za-z0-9*._-]*$/;

function encodePart(text: string): string {
  if (PLAIN.test(text)) return text;
  let out = "";
  for (const byte of native.utf8Encode(text)) {
    const plain =
      (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39) ||
      byte === 0x2a || byte === 0x2d || byte === 0x2e || byte === 0x5f;
    if (plain) out += String.fromCharCode(byte);
    else if (byte === 0x20) out += "+";
    else out += (byte < 16 ? "%0" : "%") + byte.toString(16).toUpperCase();
  }
  return out;
}

function serializeUrlEncoded(pairs: readonly (readonly [string, string])[]): string {
  let out = "";
  for (const [name, value] of pairs) out += `${out === "" ? "" : "&"}${encodePart(name)}=${encodePart(value)}`;
  return out;
}

/** Couples the parameters of a URL with it; called with the new query after each change. */
export let bindToUrl: (params: URLSearchParams, changed: (query: string) => void) => void;
/** Replaces the list when the URL's query changed from the other side. */
export let resetParams: (params: URLSearchParams, query: string) => void;

export class URLSearchParams {
  #pairs: Pair[];
  #changed: ((query: string) => void) | null = null;

  static {
    bindToUrl = (params, changed) => {
      params.#changed = changed;
    };
    resetParams = (params, query) => {
      params.#pairs = parseUrlEncoded(query);
    };
  }

  constructor(init: unknown = "") {
    this.#pairs = isObject(init) ? pairsFromObject(init) : pairsFromString(toUSVString(init));
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: string, value: string): void {
    requireArguments(arguments.length, 2, "URLSearchParams.append");
    this.#pairs.push([toUSVString(name), toUSVString(value)]);
    this.#update();
  }

  delete(name: string, value?: string): void {
    requireArguments(arguments.length, 1, "URLSearchParams.delete");
    const key = toUSVString(name);
    const only = value === undefined ? undefined : toUSVString(value);
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== key || (only !== undefined && pair[1] !== only));
    this.#update();
  }

  get(name: string): string | null {
    requireArguments(arguments.length, 1, "URLSearchParams.get");
    const key = toUSVString(name);
    for (const pair of this.#pairs) if (pair[0] === key) return pair[1];
    return null;
  }

  getAll(name: string): string[] {
    requireArguments(arguments.length, 1, "URLSearchParams.getAll");
    const key = toUSVString(name);
    return this.#pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]);
  }

  has(name: string, value?: string): boolean {
    requireArguments(arguments.length, 1, "URLSearchParams.has");
    const key = toUSVString(name);
    const only = value === undefined ? undefined : toUSVString(value);
    return this.#pairs.some((pair) => pair[0] === key && (only === undefined || pair[1] === only));
  }

  set(name: string, value: string): void {
    requireArguments(arguments.length, 2, "URLSearchParams.set");
    const key = toUSVString(name);
    const text = toUSVString(value);
    const first = this.#pairs.find((pair) => pair[0] === key);
    if (first === undefined) this.#pairs.push([key, text]);
    else {
      first[1] = text;
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== key);
    }
    this.#update();
  }

  sort(): void {
    // By UTF-16 code units, which is what comparing strings does; sort() is stable.
    this.#pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#update();
  }

  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: unknown): void {
    void this.#pairs;
    requireArguments(arguments.length, 1, "URLSearchParams.forEach");
    if (typeof callback !== "function") throw new TypeError("URLSearchParams.forEach needs a function");
    for (let i = 0; i < this.#pairs.length; i++) {
      const [name, value] = this.#pairs[i] as Pair;
      callback.call(thisArg, value, name, this);
    }
  }

  entries(): IterableIterator<Pair> {
    void this.#pairs;
    return iterate(() => this.#pairs, (pair) => [pair[0], pair[1]]) as IterableIterator<Pair>;
  }
  keys(): IterableIterator<string> {
    void this.#pairs;
    return iterate(() => this.#pairs, (pair) => pair[0]) as IterableIterator<string>;
  }
  values(): IterableIterator<string> {
    void this.#pairs;
    return iterate(() => this.#pairs, (pair) => pair[1]) as IterableIterator<string>;
  }
  declare [Symbol.iterator]: () => IterableIterator<Pair>;

  toString(): string {
    return serializeUrlEncoded(this.#pairs);
  }

  #update(): void {
    if (this.#changed !== null) this.#changed(serializeUrlEncoded(this.#pairs));
  }
}

const iterate = makePairIterator<Pair>("URLSearchParams Iterator");

function pairsFromString(text: string): Pair[] {
  return parseUrlEncoded(text.startsWith("?") ? text.slice(1) : text);
}

function pairsFromObject(init: object): Pair[] {
  const iterator = (init as { [Symbol.iterator]?: unknown })[Symbol.iterator];
  if (iterator === undefined || iterator === null) return pairsFromRecord(init);
  const pairs: Pair[] = [];
  for (const item of iterateBy(init, iterator, "URLSearchParams: the argument")) {
    if (!isObject(item)) throw new TypeError("URLSearchParams: each item of the sequence must be a [name, value] pair");
    const pair = [...(item as Iterable<unknown>)];
    if (pair.length !== 2) {
      throw new TypeError(`URLSearchParams: each item must be a [name, value] pair, but one has ${pair.length} elements`);
    }
    pairs.push([toUSVString(pair[0]), toUSVString(pair[1])]);
  }
  return pairs;
}

function pairsFromRecord(init: object): Pair[] {
  // A Map keeps the first position and the last value of names that become equal as USVStrings.
  const record = new Map<string, string>();
  for (const key of Reflect.ownKeys(init)) {
    if (!Object.getOwnPropertyDescriptor(init, key)?.enumerable) continue;
    const name = toUSVString(key);
    record.set(name, toUSVString((init as Record<PropertyKey, unknown>)[key]));
  }
  return [...record];
}

Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
  value: URLSearchParams.prototype.entries,
  writable: true,
  configurable: true,
});
defineInterface(URLSearchParams, "URLSearchParams", 0, { delete: 1, has: 1, forEach: 1 });
