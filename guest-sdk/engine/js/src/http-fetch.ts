// The part of fetch that goes out (Fetch, 4.4 to 4.6): sending, redirects, abort, and decoding what comes back. Whether a request may
// leave is decided by the host, for each hop anew; its reason is what the TypeError says.

import type { AbortSignal } from "./abort.ts";
import { type ChunkSource, openForSending } from "./body.ts";
import { decoded, wantedEncodings } from "./content-encoding.ts";
import { type HeaderList, listAppend, listGet, listHas } from "./headers.ts";
import { native, type UrlParts } from "./native.ts";
import { navigator } from "./navigator.ts";
import { bytesOf, isArrayBuffer, isView, promiseResolve, promiseThen } from "./primordials.ts";
import type { RequestParts } from "./request.ts";
import { fetchedResponse, type Response } from "./response.ts";
import { byteStream, chunkBytes } from "./streams.ts";
import * as Part from "./url-parts.ts";

const MAX_REDIRECTS = 20;

/** What is about the connection or the framing of the message, and so not the code's to say. */
const NOT_TO_BE_SENT = new Set([
  "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]);

/** One request, as it stands before a hop. */
interface Hop {
  method: string;
  url: UrlParts;
  list: HeaderList;
  content: string | Uint8Array | ChunkSource | null;
}

export async function httpFetch(parts: RequestParts): Promise<Response> {
  const url = native.urlParse(parts.url);
  if (url === null) throw new TypeError(`fetch: ${parts.url} is not a URL`);
  const content = parts.body === null ? null : openForSending(parts.body);
  let hop: Hop = { method: parts.method, url, list: parts.list, content };
  for (let redirects = 0; ; redirects++) {
    const exchange = new Exchange(hop, parts.signal);
    const [status, headers] = await exchange.head();
    const location = isRedirect(status) && parts.redirect !== "manual" ? listGet(headers, "location") : null;
    if (location === null) return exchange.response(status, headers, redirects > 0);
    exchange.giveUp();
    if (parts.redirect === "error") throw new TypeError(`fetch to ${describe(hop.url)} was redirected, and redirect is "error"`);
    if (redirects === MAX_REDIRECTS) throw new TypeError(`fetch was redirected more than ${MAX_REDIRECTS} times`);
    hop = redirected(hop, status, location);
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** The request after a redirect (Fetch, "HTTP-redirect fetch"). */
function redirected(hop: Hop, status: number, location: string): Hop {
  let url = native.urlParse(location, hop.url[Part.HREF]);
  if (url === null || (url[Part.PROTOCOL] !== "http:" && url[Part.PROTOCOL] !== "https:")) {
    throw new TypeError(`fetch to ${describe(hop.url)} was redirected to something that is no http: or https: URL`);
  }
  if (url[Part.HASH] === "" && hop.url[Part.HASH] !== "") url = native.urlSet(url[Part.HREF] as string, "hash", hop.url[Part.HASH] as string) ?? url;
  const toGet =
    (status === 303 && hop.method !== "GET" && hop.method !== "HEAD") || ((status === 301 || status === 302) && hop.method === "POST");
  if (!toGet && hop.content !== null && typeof hop.content !== "string" && !isView(hop.content)) {
    throw new TypeError(`fetch to ${describe(hop.url)} was redirected, and a stream cannot be sent a second time`);
  }
  const leavesOrigin = url[Part.ORIGIN] !== hop.url[Part.ORIGIN];
  const list: HeaderList = [];
  for (let i = 0; i < hop.list.length; i += 2) {
    const name = hop.list[i] as string;
    const lower = name.toLowerCase();
    if (toGet && lower.startsWith("content-")) continue;
    if (leavesOrigin && (lower === "authorization" || lower === "cookie" || lower === "proxy-authorization")) continue;
    listAppend(list, name, hop.list[i + 1] as string);
  }
  return { method: toGet ? "GET" : hop.method, url, list, content: toGet ? null : hop.content };
}

function describe(url: UrlParts): string {
  return `${url[Part.PROTOCOL]}//${url[Part.HOST]}${url[Part.PATHNAME]}`;
}

/** One request on the wire and its response. */
class Exchange {
  readonly #hop: Hop;
  readonly #signal: AbortSignal | null;
  readonly #id: number;
  /** Rejects when the signal is aborted; never resolves. */
  readonly #aborted: Promise<never> | null;

  constructor(hop: Hop, signal: AbortSignal | null) {
    this.#hop = hop;
    this.#signal = signal;
    const { method, url, content } = hop;
    const path = `${url[Part.PATHNAME]}${url[Part.SEARCH]}`;
    const body = typeof content === "string" ? native.utf8Encode(content) : content;
    this.#id = native.fetchStart(method, (url[Part.PROTOCOL] as string).slice(0, -1), url[Part.HOST] as string, path, sentHeaders(hop, body), body !== null);
    this.#aborted = signal === null ? null : this.#watch(signal);
    if (body !== null) this.#send(body);
  }

  #watch(signal: AbortSignal): Promise<never> {
    const aborted = new Promise<never>((_, reject) => {
      const stop = (): void => {
        this.giveUp();
        reject(signal.reason);
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop);
    });
    // Whoever waits hears of it; nobody waiting is no unhandled rejection.
    void promiseThen(aborted, undefined, () => {});
    return aborted;
  }

  async #orAborted<T>(promise: Promise<T>): Promise<T> {
    try {
      return this.#aborted === null ? await promise : await Promise.race([promise, this.#aborted]);
    } catch (error) {
      if (this.#signal?.aborted === true) throw this.#signal.reason;
      const reason = (error as Error).message;
      throw new TypeError(reason.startsWith("fetch to ") ? reason : `fetch to ${describe(this.#hop.url)} failed: ${reason}`);
    }
  }

  #send(body: Uint8Array | ChunkSource): void {
    const id = this.#id;
    const end = (): void => native.fetchEnd(id);
    if (isView(body)) {
      void promiseThen(native.fetchWrite(id, body as Uint8Array), end, () => {});
      return;
    }
    const source = body as ChunkSource;
    // What the server no longer wants is cancelled; its answer, or why there is none, is what fetch reports.
    const refused = (error: unknown): void => void promiseThen(promiseResolve(source.cancel(error)), undefined, () => {});
    const next = (): void => source.read(write, end, () => this.giveUp());
    const write = (chunk: unknown): void => {
      let bytes: Uint8Array;
      try {
        bytes = isView(chunk) || isArrayBuffer(chunk) ? bytesOf(chunk) : chunkBytes(chunk);
      } catch (error) {
        refused(error);
        this.giveUp();
        return;
      }
      void promiseThen(native.fetchWrite(id, bytes), next, refused);
    };
    next();
  }

  async head(): Promise<[number, HeaderList]> {
    const words = await this.#orAborted(native.fetchHead(this.#id));
    return [Number(words[0]), words.slice(1)];
  }

  giveUp(): void {
    native.fetchCancel(this.#id);
  }

  response(status: number, headers: HeaderList, redirected: boolean): Response {
    const url = this.#hop.url[Part.HREF] as string;
    if (this.#hop.method === "HEAD" || status === 204 || status === 205 || status === 304) {
      this.giveUp();
      return fetchedResponse(null, url, status, "", headers, redirected);
    }
    const read = (): Promise<Uint8Array<ArrayBuffer> | null> => this.#orAborted(native.fetchRead(this.#id));
    const plain = decoded(read, headers);
    return fetchedResponse(byteStream(plain.read, () => this.giveUp()), url, status, "", plain.headers, redirected);
  }
}

function sentHeaders(hop: Hop, body: Uint8Array | ChunkSource | null): string[] {
  const sent: string[] = [];
  const { list, method } = hop;
  for (let i = 0; i < list.length; i += 2) {
    const name = (list[i] as string).toLowerCase();
    if (!NOT_TO_BE_SENT.has(name)) sent.push(name, list[i + 1] as string);
  }
  if (!listHas(list, "accept")) sent.push("accept", "*/*");
  if (!listHas(list, "accept-encoding")) sent.push("accept-encoding", wantedEncodings);
  if (!listHas(list, "user-agent")) sent.push("user-agent", navigator.userAgent);
  if (isView(body)) sent.push("content-length", String(body.byteLength));
  else if (body === null && (method === "POST" || method === "PUT")) sent.push("content-length", "0");
  return sent;
}
