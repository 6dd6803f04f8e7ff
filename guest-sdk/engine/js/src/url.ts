// URL (URL standard, 6.1). Parsing is native (the `url` crate); here are the object and its link to searchParams.

import { native, type UrlPart, type UrlParts } from "./native.ts";
import * as Part from "./url-parts.ts";
import { bindToUrl, resetParams, URLSearchParams } from "./url-search-params.ts";
import { defineInterface, requireArguments, toUSVString } from "./webidl.ts";

// The URL of the request being handled, once somebody asked for it: nearly every router parses it again.
let recent: UrlParts | null = null;

/** The normalised form of an absolute URL, or `null`. Where something defines a global `location`, that is the base. */
export function normalizeUrl(input: string): string | null {
  let parts = native.urlParse(input);
  if (parts === null) {
    const base = (globalThis as { location?: { href?: unknown } }).location?.href;
    if (typeof base === "string") parts = native.urlParse(input, base);
  }
  if (parts === null) return null;
  recent = parts;
  return parts[Part.HREF] as string;
}

/** Whether a normalised URL carries a user name or password, which fetch refuses. */
export function hasCredentials(href: string): boolean {
  const parts = parse(href, undefined) as UrlParts;
  return parts[Part.USERNAME] !== "" || parts[Part.PASSWORD] !== "";
}

/** The scheme of a normalised URL, with its colon. */
export function protocolOf(href: string): string {
  return (parse(href, undefined) as UrlParts)[Part.PROTOCOL] as string;
}

function parse(input: string, base: string | undefined): UrlParts | null {
  if (base !== undefined) return native.urlParse(input, base);
  if (recent !== null && recent[Part.HREF] === input) return recent;
  return native.urlParse(input);
}

export class URL {
  #parts: UrlParts;
  #params: URLSearchParams | null = null;

  constructor(url: string | URL, base?: string | URL) {
    requireArguments(arguments.length, 1, "URL");
    const input = toUSVString(url);
    const against = base === undefined ? undefined : toUSVString(base);
    const parts = parse(input, against);
    if (parts === null) {
      throw new TypeError(
        against === undefined
          ? `Invalid URL: "${input}"${input.startsWith("/") ? " is relative; give a base as the second argument" : ""}`
          : `Invalid URL: "${input}" with base "${against}"`,
      );
    }
    this.#parts = parts;
  }

  static parse(url: string | URL, base?: string | URL): URL | null {
    requireArguments(arguments.length, 1, "URL.parse");
    const input = toUSVString(url);
    const against = base === undefined ? undefined : toUSVString(base);
    return parse(input, against) === null ? null : new URL(input, against);
  }

  static canParse(url: string | URL, base?: string | URL): boolean {
    requireArguments(arguments.length, 1, "URL.canParse");
    return parse(toUSVString(url), base === undefined ? undefined : toUSVString(base)) !== null;
  }

  get href(): string {
    return this.#parts[Part.HREF] as string;
  }
  set href(value: string) {
    const href = toUSVString(value);
    const parts = native.urlParse(href);
    if (parts === null) throw new TypeError(`Invalid URL: "${href}"`);
    this.#parts = parts;
    this.#refreshParams();
  }

  get origin(): string {
    return this.#parts[Part.ORIGIN] as string;
  }

  get protocol(): string {
    return this.#parts[Part.PROTOCOL] as string;
  }
  set protocol(value: string) {
    this.#set("protocol", value);
  }

  get username(): string {
    return this.#parts[Part.USERNAME] as string;
  }
  set username(value: string) {
    this.#set("username", value);
  }

  get password(): string {
    return this.#parts[Part.PASSWORD] as string;
  }
  set password(value: string) {
    this.#set("password", value);
  }

  get host(): string {
    return this.#parts[Part.HOST] as string;
  }
  set host(value: string) {
    this.#set("host", value);
  }

  get hostname(): string {
    return this.#parts[Part.HOSTNAME] as string;
  }
  set hostname(value: string) {
    this.#set("hostname", value);
  }

  get port(): string {
    return this.#parts[Part.PORT] as string;
  }
  set port(value: string) {
    this.#set("port", value);
  }

  get pathname(): string {
    return this.#parts[Part.PATHNAME] as string;
  }
  set pathname(value: string) {
    this.#set("pathname", value);
  }

  get search(): string {
    return this.#parts[Part.SEARCH] as string;
  }
  set search(value: string) {
    this.#set("search", value);
    this.#refreshParams();
  }

  get searchParams(): URLSearchParams {
    if (this.#params === null) {
      this.#params = new URLSearchParams(this.#parts[Part.SEARCH]);
      bindToUrl(this.#params, (query) => this.#set("search", query));
    }
    return this.#params;
  }

  get hash(): string {
    return this.#parts[Part.HASH] as string;
  }
  set hash(value: string) {
    this.#set("hash", value);
  }

  toString(): string {
    return this.#parts[Part.HREF] as string;
  }

  toJSON(): string {
    return this.#parts[Part.HREF] as string;
  }

  #set(part: UrlPart, value: string): void {
    // Setters other than href ignore what they cannot use; the arrays are never changed in place, so they can be shared.
    const parts = native.urlSet(this.#parts[Part.HREF] as string, part, toUSVString(value));
    if (parts !== null) this.#parts = parts;
  }

  #refreshParams(): void {
    if (this.#params !== null) resetParams(this.#params, (this.#parts[Part.SEARCH] as string).slice(1));
  }
}

defineInterface(URL, "URL", 1, { parse: 1, canParse: 1 });
