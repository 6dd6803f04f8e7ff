// Headers and header lists (Fetch, 2.2 and 5.1). A list is a flat array, name, value, name, value…, names in lower
// case: the form the host takes and gives, so that a request that never makes a Headers object converts nothing.

import { isEnumerable, ownKeys, regExpExec, toLowerCase } from "./primordials.ts";
import { defineInterface, isObject, iterateBy, makePairIterator, requireArguments, toByteString, toDOMString } from "./webidl.ts";

export type HeaderList = string[];

// One look-up instead of a loop over the characters for the names nearly everybody uses.
const KNOWN_NAMES: Record<string, string> = Object.create(null) as Record<string, string>;
for (const name of [
  "Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
  "Access-Control-Allow-Origin", "Access-Control-Max-Age", "Allow", "Authorization", "Cache-Control", "Connection",
  "Content-Disposition", "Content-Encoding", "Content-Length", "Content-Security-Policy", "Content-Type", "Cookie", "Date",
  "ETag", "Expires", "Host", "If-Modified-Since", "If-None-Match", "Last-Modified", "Location", "Origin", "Referer",
  "Retry-After", "Server", "Set-Cookie", "Transfer-Encoding", "User-Agent", "Vary", "X-Forwarded-For", "X-Powered-By",
  "X-Request-Id",
]) {
  KNOWN_NAMES[name] = name.toLowerCase();
  KNOWN_NAMES[name.toLowerCase()] = name.toLowerCase();
}

// Negative forms: when exec() finds nothing it allocates nothing, and one native scan beats a loop by far.
const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const UNUSUAL_VALUE = /[^\t\x20-\x7e\x80-\xff]|^[\t ]|[\t ]$/;
const FORBIDDEN_IN_VALUE = /[\0\n\r]/;
const OUTER_SPACE = /^[\t\n\r ]+|[\t\n\r ]+$/g;

/** Whether `text` is a token (RFC 9110, 5.6.2): a header name or a method. */
export function isToken(text: string): boolean {
  return text !== "" && regExpExec(NOT_TOKEN, text) === null;
}

/** The lower-case form of a header name, or a TypeError. */
function headerName(input: unknown): string {
  if (typeof input === "string") {
    const known = KNOWN_NAMES[input];
    if (known !== undefined) return known;
  }
  const name = toDOMString(input);
  if (!isToken(name)) throw new TypeError(`"${name}" is not a valid header name`);
  return toLowerCase(name);
}

/** A header value without the white space around it, or a TypeError. */
function headerValue(input: unknown, name: string): string {
  const text = typeof input === "string" ? input : toDOMString(input);
  return regExpExec(UNUSUAL_VALUE, text) === null ? text : unusualValue(text, name);
}

function unusualValue(text: string, name: string): string {
  const value = toByteString(text, `the value of header "${name}"`).replace(OUTER_SPACE, "");
  if (FORBIDDEN_IN_VALUE.test(value)) throw new TypeError(`the value of header "${name}" must not contain NUL, CR or LF`);
  return value;
}

/** All values of `name` in `list`, joined by commas, or `null`. */
export function listGet(list: HeaderList, name: string): string | null {
  let found: string | null = null;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) found = found === null ? (list[i + 1] as string) : `${found}, ${list[i + 1] as string}`;
  }
  return found;
}

export function listHas(list: HeaderList, name: string): boolean {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return true;
  return false;
}

export function listAppend(list: HeaderList, name: string, value: string): void {
  list[list.length] = name;
  list[list.length] = value;
}

function listDelete(list: HeaderList, name: string): void {
  let kept = 0;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) continue;
    list[kept] = list[i] as string;
    list[kept + 1] = list[i + 1] as string;
    kept += 2;
  }
  list.length = kept;
}

function listSet(list: HeaderList, name: string, value: string): void {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== name) continue;
    // The first place keeps the value, later ones go.
    list[i + 1] = value;
    let kept = i + 2;
    for (let j = i + 2; j < list.length; j += 2) {
      if (list[j] === name) continue;
      list[kept] = list[j] as string;
      list[kept + 1] = list[j + 1] as string;
      kept += 2;
    }
    list.length = kept;
    return;
  }
  listAppend(list, name, value);
}

/** Appends what a HeadersInit holds. */
export function fillList(list: HeaderList, init: unknown): void {
  if (!isObject(init)) throw new TypeError("headers must be a Headers object, an array of [name, value] pairs or a plain object");
  const iterator = (init as { [Symbol.iterator]?: unknown })[Symbol.iterator];
  if (iterator === undefined || iterator === null) {
    const keys = ownKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (!isEnumerable(init, key)) continue;
      const name = headerName(key);
      listAppend(list, name, headerValue((init as Record<string, unknown>)[key], name));
    }
    return;
  }
  if (isHeaders(init) && iterator === Headers.prototype.entries) {
    const source = headerListOf(init);
    for (let i = 0; i < source.length; i++) list[list.length] = source[i] as string;
    return;
  }
  for (const item of iterateBy(init, iterator, "headers")) {
    if (!isObject(item)) throw new TypeError("each item of a headers array must be a [name, value] pair");
    const pair = [...(item as Iterable<unknown>)];
    if (pair.length !== 2) throw new TypeError(`each item of a headers array must be a [name, value] pair, but one has ${pair.length} elements`);
    const name = headerName(pair[0]);
    listAppend(list, name, headerValue(pair[1], name));
  }
}

type Pair = [name: string, value: string];

/** Sorted, with equal names combined except Set-Cookie (Fetch, "sort and combine"). */
function sortAndCombine(list: HeaderList): Pair[] {
  const names = new Set<string>();
  for (let i = 0; i < list.length; i += 2) names.add(list[i] as string);
  const pairs: Pair[] = [];
  for (const name of [...names].sort()) {
    if (name !== "set-cookie") {
      pairs.push([name, listGet(list, name) as string]);
      continue;
    }
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) pairs.push([name, list[i + 1] as string]);
  }
  return pairs;
}

/** A Headers object over `list` itself, not a copy; `immutable` for those of an incoming message. */
export let wrapHeaders: (list: HeaderList, immutable: boolean) => Headers;
let headerListOf: (headers: Headers) => HeaderList;
let isHeaders: (value: object) => value is Headers;

export class Headers {
  #list: HeaderList;
  #immutable = false;
  // Iterating sorts; kept until the next change.
  #sorted: Pair[] | null = null;

  static {
    wrapHeaders = (list, immutable) => {
      const headers = new Headers();
      headers.#list = list;
      headers.#immutable = immutable;
      return headers;
    };
    headerListOf = (headers) => headers.#list;
    isHeaders = (value): value is Headers => #list in value;
  }

  constructor(init?: unknown) {
    this.#list = [];
    if (init !== undefined) fillList(this.#list, init);
  }

  append(name: string, value: string): void {
    void this.#list;
    requireArguments(arguments.length, 2, "Headers.append");
    const key = headerName(name);
    const text = headerValue(value, key);
    this.#mutate();
    listAppend(this.#list, key, text);
  }

  delete(name: string): void {
    void this.#list;
    requireArguments(arguments.length, 1, "Headers.delete");
    const key = headerName(name);
    this.#mutate();
    listDelete(this.#list, key);
  }

  get(name: string): string | null {
    void this.#list;
    requireArguments(arguments.length, 1, "Headers.get");
    return listGet(this.#list, headerName(name));
  }

  getSetCookie(): string[] {
    const cookies: string[] = [];
    for (let i = 0; i < this.#list.length; i += 2) {
      if (this.#list[i] === "set-cookie") cookies.push(this.#list[i + 1] as string);
    }
    return cookies;
  }

  has(name: string): boolean {
    void this.#list;
    requireArguments(arguments.length, 1, "Headers.has");
    return listHas(this.#list, headerName(name));
  }

  set(name: string, value: string): void {
    void this.#list;
    requireArguments(arguments.length, 2, "Headers.set");
    const key = headerName(name);
    const text = headerValue(value, key);
    this.#mutate();
    listSet(this.#list, key, text);
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    void this.#list;
    requireArguments(arguments.length, 1, "Headers.forEach");
    if (typeof callback !== "function") throw new TypeError("Headers.forEach needs a function");
    for (let i = 0; i < this.#entries().length; i++) {
      const [name, value] = this.#entries()[i] as Pair;
      callback.call(thisArg, value, name, this);
    }
  }

  entries(): IterableIterator<Pair> {
    void this.#list;
    return iterate(() => this.#entries(), (pair) => [pair[0], pair[1]]) as IterableIterator<Pair>;
  }
  keys(): IterableIterator<string> {
    void this.#list;
    return iterate(() => this.#entries(), (pair) => pair[0]) as IterableIterator<string>;
  }
  values(): IterableIterator<string> {
    void this.#list;
    return iterate(() => this.#entries(), (pair) => pair[1]) as IterableIterator<string>;
  }
  declare [Symbol.iterator]: () => IterableIterator<Pair>;

  #entries(): Pair[] {
    this.#sorted ??= sortAndCombine(this.#list);
    return this.#sorted;
  }

  #mutate(): void {
    if (this.#immutable) {
      throw new TypeError("these headers are immutable; make a copy with new Headers(headers), new Request(request) or new Response(body, response)");
    }
    this.#sorted = null;
  }
}

const iterate = makePairIterator<Pair>("Headers Iterator");

Object.defineProperty(Headers.prototype, Symbol.iterator, {
  value: Headers.prototype.entries,
  writable: true,
  configurable: true,
});
defineInterface(Headers, "Headers", 0, { forEach: 1 });
