// Request (Fetch, 5.4). The one being handled is made without parsing anything: URL, headers and body are looked at
// when the tenant asks for them.

import { type AbortSignal, dependentSignal, isAbortSignal, newSignal, signalAbort } from "./abort.ts";
import { type Body, type BodyMembers, cloneBody, extractBody, hostBody, installBodyMembers, moveBody } from "./body.ts";
import { fillList, type HeaderList, Headers, isToken, listAppend, listGet, listHas, wrapHeaders } from "./headers.ts";
import { native } from "./native.ts";
import { hasCredentials, normalizeUrl } from "./url.ts";
import { defineInterface, isObject, requireArguments, toByteString, toDictionary, toEnum, toUSVString } from "./webidl.ts";

const HOST = Symbol("the request being handled");

/** Properties hardly anybody reads, which change nothing here; kept because the standard says they can be read back. */
interface Settings {
  mode: string;
  credentials: string;
  cache: string;
  redirect: string;
  referrer: string;
  referrerPolicy: string;
  integrity: string;
  keepalive: boolean;
}

const DEFAULTS: Readonly<Settings> = {
  mode: "cors",
  credentials: "same-origin",
  cache: "default",
  redirect: "follow",
  referrer: "about:client",
  referrerPolicy: "",
  integrity: "",
  keepalive: false,
};

const MODES = ["navigate", "same-origin", "no-cors", "cors"] as const;
const CREDENTIALS = ["omit", "same-origin", "include"] as const;
const CACHES = ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"] as const;
const REDIRECTS = ["follow", "error", "manual"] as const;
const POLICIES = [
  "", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
  "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url",
] as const;

export interface RequestInit extends Partial<Settings> {
  method?: string;
  headers?: unknown;
  body?: unknown;
  signal?: AbortSignal | null;
  duplex?: string;
  priority?: string;
  window?: unknown;
}

/** The request being handled, from its method and URL. */
export let hostRequest: (method: string, url: string) => Request;
/** What fetch needs of a request that was made for it alone. */
export let requestParts: (request: Request) => RequestParts;
/** Aborts the signal of a request being handled, if anybody holds it. */
export let abortRequest: (request: Request, reason: unknown) => void;

export interface RequestParts {
  method: string;
  url: string;
  list: HeaderList;
  body: Body | null;
  redirect: string;
  signal: AbortSignal | null;
}

// The shared members are put on the prototype at the end of the class.
export interface Request extends BodyMembers {}

/** What of a request was asked for, or given by the tenant; made when needed, to keep the object small. */
interface Details {
  /** `null`: those of the request being handled, not fetched from the host yet. */
  list: HeaderList | null;
  headers: Headers | null;
  /** `undefined`: the host has it, if there is one. */
  body: Body | null | undefined;
  signal: AbortSignal | null;
  settings: Readonly<Settings>;
  /** It is the request being handled. */
  hosts: boolean;
  /** `null`: the URL is as the host gave it. */
  href: string | null;
}

function newDetails(): Details {
  return { list: null, headers: null, body: undefined, signal: null, settings: DEFAULTS, hosts: true, href: null };
}

export class Request {
  #method: string;
  #url: string;
  #more: Details | null = null;

  static {
    hostRequest = (method, url) => new (Request as unknown as new (token: symbol, method: string, url: string) => Request)(HOST, method, url);
    requestParts = (request) => {
      const { settings, signal } = request.#details();
      const [list, body] = [Request.#listOf(request), Request.#bodyOf(request)];
      return { method: request.#method, url: request.url, list, body, redirect: settings.redirect, signal };
    };
    abortRequest = (request, reason) => {
      const signal = request.#more?.signal;
      if (signal !== undefined && signal !== null) signalAbort(signal, reason);
    };
  }

  // The third parameter is for the host's requests only, which use the second for their method.
  constructor(input: unknown, init?: RequestInit, hostUrl?: string) {
    if (input === HOST) {
      this.#method = init as unknown as string;
      this.#url = hostUrl as string;
      return;
    }
    requireArguments(arguments.length, 1, "Request");
    const source = isObject(input) && #method in input ? (input as Request) : null;
    const options = toDictionary<RequestInit>(init, "Request options");
    this.#url = source === null ? parseRequestUrl(input) : source.url;
    this.#method = source === null ? "GET" : source.#method;
    const more = this.#details();
    more.href = this.#url;
    more.hosts = false;
    more.settings = readSettings(options, source === null ? DEFAULTS : source.#details().settings);
    if (options.method !== undefined) this.#method = normalizeMethod(options.method);
    const { signal } = options;
    if (signal !== undefined && signal !== null && !(isObject(signal) && isAbortSignal(signal))) {
      throw new TypeError("Request: signal must be an AbortSignal");
    }
    const followed = signal === undefined ? (source?.signal ?? null) : signal;
    if (followed !== null) more.signal = dependentSignal([followed]);
    more.list = [];
    if (options.headers !== undefined) fillList(more.list, options.headers);
    else if (source !== null) more.list = [...Request.#listOf(source)];
    more.body = this.#takeBody(options, source, more.list);
  }

  #details(): Details {
    this.#more ??= newDetails();
    return this.#more;
  }

  #takeBody(options: Partial<RequestInit>, source: Request | null, list: HeaderList): Body | null {
    const given = options.body;
    const inherited = source === null ? null : Request.#bodyOf(source);
    const withBody = (given !== undefined && given !== null) || (given === undefined && inherited !== null);
    if (withBody && (this.#method === "GET" || this.#method === "HEAD")) {
      throw new TypeError(`Request with method ${this.#method} cannot have a body`);
    }
    const { keepalive, mode } = this.#details().settings;
    if (mode === "no-cors" && !["GET", "HEAD", "POST"].includes(this.#method)) {
      throw new TypeError(`Request with mode "no-cors" cannot have the method ${this.#method}`);
    }
    if (options.duplex !== undefined) toEnum(options.duplex, ["half"], "Request: duplex");
    if (given !== undefined && given !== null) {
      // Unlike browsers, no `duplex: "half"` is asked of streams: Workers code does without.
      const body = extractBody(given);
      if (keepalive && body.source === null) throw new TypeError("Request with keepalive cannot have a stream as its body");
      if (body.type !== null && !listHas(list, "content-type")) listAppend(list, "content-type", body.type);
      return body;
    }
    return given === null || inherited === null ? null : moveBody(inherited, "Request");
  }

  get method(): string {
    return this.#method;
  }
  get url(): string {
    const more = this.#details();
    more.href ??= normalizeUrl(this.#url) ?? this.#url;
    return more.href;
  }
  get headers(): Headers {
    const more = this.#details();
    // Those of the request being handled are read-only, as on Workers.
    more.headers ??= wrapHeaders(Request.#listOf(this), more.hosts);
    return more.headers;
  }
  get signal(): AbortSignal {
    const more = this.#details();
    more.signal ??= newSignal();
    return more.signal;
  }
  get destination(): string {
    void this.#method;
    return "";
  }
  get referrer(): string {
    return this.#details().settings.referrer;
  }
  get referrerPolicy(): string {
    return this.#details().settings.referrerPolicy;
  }
  get mode(): string {
    return this.#details().settings.mode;
  }
  get credentials(): string {
    return this.#details().settings.credentials;
  }
  get cache(): string {
    return this.#details().settings.cache;
  }
  get redirect(): string {
    return this.#details().settings.redirect;
  }
  get integrity(): string {
    return this.#details().settings.integrity;
  }
  get keepalive(): boolean {
    return this.#details().settings.keepalive;
  }
  get isReloadNavigation(): boolean {
    void this.#method;
    return false;
  }
  get isHistoryNavigation(): boolean {
    void this.#method;
    return false;
  }
  get duplex(): string {
    void this.#method;
    return "half";
  }

  clone(): Request {
    const body = Request.#bodyOf(this);
    const copied = body === null ? null : cloneBody(body, "Request.clone");
    const copy = hostRequest(this.#method, this.#url);
    const more = this.#details();
    copy.#more = {
      list: [...Request.#listOf(this)],
      headers: null,
      body: copied,
      signal: dependentSignal([this.signal]),
      settings: more.settings,
      hosts: false,
      href: more.href,
    };
    return copy;
  }

  static #listOf(request: Request): HeaderList {
    const more = request.#details();
    more.list ??= native.requestHeaders();
    return more.list;
  }

  static #bodyOf(request: Request): Body | null {
    const more = request.#details();
    if (more.body === undefined) more.body = native.hasBody() ? hostBody() : null;
    return more.body;
  }

  static {
    installBodyMembers(Request.prototype, Request.#bodyOf, (request) => listGet(Request.#listOf(request), "content-type"));
  }
}

function parseRequestUrl(input: unknown): string {
  const text = toUSVString(input);
  const href = normalizeUrl(text);
  if (href === null) {
    throw new TypeError(`"${text}" is not an absolute URL; build one with new URL(path, request.url)`);
  }
  if (hasCredentials(href)) {
    throw new TypeError("the URL of a Request must not contain a user name or password; send an authorization header instead");
  }
  return href;
}

function normalizeMethod(value: unknown): string {
  const method = toByteString(value, "the method");
  if (!isToken(method)) throw new TypeError(`"${method}" is not a valid HTTP method`);
  const upper = method.toUpperCase();
  if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") throw new TypeError(`the method ${upper} is not allowed`);
  return ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].includes(upper) ? upper : method;
}

function readSettings(options: Partial<RequestInit>, from: Readonly<Settings>): Readonly<Settings> {
  if (options.window !== undefined && options.window !== null) throw new TypeError("Request: window can only be null");
  if (options.priority !== undefined) toEnum(options.priority, ["high", "low", "auto"], "Request: priority");
  const settings = { ...from };
  if (options.mode !== undefined) {
    settings.mode = toEnum(options.mode, MODES, "Request: mode");
    if (settings.mode === "navigate") throw new TypeError('Request: mode cannot be "navigate"');
  }
  if (options.credentials !== undefined) settings.credentials = toEnum(options.credentials, CREDENTIALS, "Request: credentials");
  if (options.cache !== undefined) settings.cache = toEnum(options.cache, CACHES, "Request: cache");
  if (settings.cache === "only-if-cached" && settings.mode !== "same-origin") {
    throw new TypeError('Request: cache "only-if-cached" needs mode "same-origin"');
  }
  if (options.redirect !== undefined) settings.redirect = toEnum(options.redirect, REDIRECTS, "Request: redirect");
  if (options.referrerPolicy !== undefined) settings.referrerPolicy = toEnum(options.referrerPolicy, POLICIES, "Request: referrerPolicy");
  if (options.referrer !== undefined) settings.referrer = readReferrer(toUSVString(options.referrer));
  if (options.integrity !== undefined) settings.integrity = `${options.integrity}`;
  if (options.keepalive !== undefined) settings.keepalive = Boolean(options.keepalive);
  return settings;
}

function readReferrer(text: string): string {
  if (text === "") return "";
  const href = normalizeUrl(text);
  if (href === null) throw new TypeError(`Request: the referrer "${text}" is not an absolute URL`);
  return href;
}

defineInterface(Request, "Request", 1);
