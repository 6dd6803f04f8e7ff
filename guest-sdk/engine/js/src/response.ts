// Response (Fetch, 5.5). Sending one is in handler.ts.

import { Body, type BodyMembers, cloneBody, extractBody, installBodyMembers, TEXT_PLAIN } from "./body.ts";
import { fillList, type HeaderList, Headers, listAppend, listGet, listHas, wrapHeaders } from "./headers.ts";
import { normalizeUrl } from "./url.ts";
import { defineInterface, requireArguments, toByteString, toUSVString } from "./webidl.ts";

export interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: unknown;
}

const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304 || status === 101 || status === 103;
}

/** What few responses have or are asked for; made when needed, to keep the object small. */
interface Details {
  headers: Headers | null;
  statusText: string;
  type: "basic" | "default" | "error";
  immutable: boolean;
  url: string;
  redirected: boolean;
}

function newDetails(): Details {
  return { headers: null, statusText: "", type: "default", immutable: false, url: "", redirected: false };
}

/** What fetch resolves with. */
export let fetchedResponse: (
  body: unknown,
  url: string,
  status: number,
  statusText: string,
  headers: HeaderList,
  redirected?: boolean,
) => Response;
export let isResponse: (value: object) => value is Response;
export let responseStatus: (response: Response) => number;
/** The response's header list itself. */
export let responseHeaders: (response: Response) => HeaderList;
/** A string is a body nobody asked a stream of; it is the whole content. */
export let responseBody: (response: Response) => Body | string | null;

// The shared members are put on the prototype at the end of the class.
export interface Response extends BodyMembers {}

export class Response {
  #status = 200;
  #list: HeaderList;
  #body: Body | string | null = null;
  #more: Details | null = null;

  static {
    fetchedResponse = (body, url, status, statusText, headers, redirected = false) => {
      const response = new Response(body, { status });
      response.#list = headers;
      const fragment = url.indexOf("#");
      const seen = fragment < 0 ? url : url.slice(0, fragment);
      response.#more = { headers: null, statusText, type: "basic", immutable: true, url: seen, redirected };
      return response;
    };
    isResponse = (value): value is Response => #status in value;
    responseStatus = (response) => response.#status;
    responseHeaders = (response) => response.#list;
    responseBody = (response) => response.#body;
  }

  constructor(body?: unknown, init?: ResponseInit) {
    if (init === undefined && typeof body === "string") {
      this.#list = ["content-type", TEXT_PLAIN];
      this.#body = body;
      return;
    }
    const list: HeaderList = [];
    this.#list = list;
    if (init !== undefined && init !== null) {
      if (typeof init !== "object" && typeof init !== "function") throw new TypeError("Response options must be an object");
      const { headers, status, statusText } = init;
      if (status !== undefined) this.#setStatus(status);
      if (statusText !== undefined) {
        const text = toByteString(statusText, "statusText");
        if (!REASON_PHRASE.test(text)) throw new TypeError("Response: statusText has a character that is not allowed in it");
        if (text !== "") this.#details().statusText = text;
      }
      if (headers !== undefined) fillList(list, headers);
    }
    if (body === undefined || body === null) return;
    if (isNullBodyStatus(this.#status)) {
      throw new TypeError(`Response with status ${this.#status} cannot have a body; pass null instead`);
    }
    let type: string | null;
    if (typeof body === "string") {
      this.#body = body;
      type = TEXT_PLAIN;
    } else {
      const extracted = extractBody(body);
      this.#body = extracted;
      type = extracted.type;
    }
    if (type !== null && !listHas(list, "content-type")) listAppend(list, "content-type", type);
  }

  static error(): Response {
    const response = new Response(null);
    response.#status = 0;
    response.#more = { ...newDetails(), type: "error", immutable: true };
    return response;
  }

  static redirect(url: string, status: number = 302): Response {
    requireArguments(arguments.length, 1, "Response.redirect");
    const text = toUSVString(url);
    const href = normalizeUrl(text);
    if (href === null) {
      throw new TypeError(`Response.redirect needs an absolute URL, not "${text}"; build one with new URL(path, request.url)`);
    }
    const code = Math.trunc(Number(status)) & 0xffff;
    if (code !== 301 && code !== 302 && code !== 303 && code !== 307 && code !== 308) {
      throw new RangeError(`Response.redirect: ${code} is not a redirect status; use 301, 302, 303, 307 or 308`);
    }
    const response = new Response(null);
    response.#status = code;
    response.#details().immutable = true;
    listAppend(response.#list, "location", href);
    return response;
  }

  static json(data: unknown, init?: ResponseInit): Response {
    requireArguments(arguments.length, 1, "Response.json");
    const text = stringify(data);
    if (text === undefined) throw new TypeError("Response.json: the value cannot be represented as JSON");
    const response = new Response(null, init);
    if (isNullBodyStatus(response.#status)) {
      throw new TypeError(`Response with status ${response.#status} cannot have a body; use new Response(null, …) instead`);
    }
    response.#body = text;
    if (!listHas(response.#list, "content-type")) listAppend(response.#list, "content-type", "application/json");
    return response;
  }

  get type(): string {
    return this.#more === null ? "default" : this.#more.type;
  }
  get url(): string {
    return this.#more === null ? "" : this.#more.url;
  }
  get redirected(): boolean {
    return this.#more === null ? false : this.#more.redirected;
  }
  get status(): number {
    return this.#status;
  }
  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }
  get statusText(): string {
    return this.#more === null ? "" : this.#more.statusText;
  }
  get headers(): Headers {
    const more = this.#details();
    more.headers ??= wrapHeaders(this.#list, more.immutable);
    return more.headers;
  }

  clone(): Response {
    const body = Response.#bodyOf(this);
    const copy = new Response(null);
    copy.#body = body === null ? null : cloneBody(body, "Response.clone");
    copy.#status = this.#status;
    copy.#more = this.#more === null ? null : { ...this.#more, headers: null };
    copy.#list = [...this.#list];
    return copy;
  }

  #details(): Details {
    this.#more ??= newDetails();
    return this.#more;
  }

  #setStatus(value: unknown): void {
    const status = Math.trunc(Number(value));
    if (!(status >= 200 && status <= 599)) {
      throw new RangeError(`Response: the status must be a number from 200 to 599, not ${String(value)}`);
    }
    this.#status = status;
  }

  static #bodyOf(response: Response): Body | null {
    const body = response.#body;
    if (typeof body !== "string") return body;
    const made = new Body(body, null);
    response.#body = made;
    return made;
  }

  static {
    installBodyMembers(Response.prototype, Response.#bodyOf, (response) => listGet(response.#list, "content-type"));
  }
}

const stringify = JSON.stringify as (value: unknown) => string | undefined;

defineInterface(Response, "Response", 0);
