var e=null;function t(){return e??=i(`// What tenant code finds in isolet: the handler's shape and every global. Stands in place of TypeScript's "dom" and "webworker"
// libraries, next to "esnext". guest-sdk/engine/js/test/types.test.ts holds it against what the engine really has: a member in one and
// not in the other fails. One file, so that it can be handed out as it is.

// ---- The function

/** The default export of the main module, and any other entry point. */
interface ExportedHandler<Env = Record<string, string>> {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
}

/** A function may stand in place of an object with a \`fetch\` method. */
type HandlerFunction<Env = Record<string, string>> = ExportedHandler<Env>["fetch"];

interface ExecutionContext {
  /** What the caller of this entry point gave along. */
  readonly props: Record<string, unknown>;
  /** Lets the promise go on after the response was sent, within the host's limit. */
  waitUntil(promise: Promise<unknown> | unknown): void;
  /** Does nothing: there is no origin to pass through to. */
  passThroughOnException(): void;
}

// ---- Shared shapes

type BufferSource = ArrayBuffer | ArrayBufferView;
type BlobPart = BufferSource | Blob | string;
type BodyInit = ReadableStream | BufferSource | Blob | URLSearchParams | FormData | string;
type HeadersInit = Headers | Iterable<readonly [name: string, value: string]> | Record<string, string>;
type RequestInfo = Request | URL | string;
type FormDataEntryValue = File | string;
type Transferable = ArrayBuffer | MessagePort | ReadableStream | WritableStream | TransformStream;
interface StructuredSerializeOptions {
  transfer?: Iterable<Transferable>;
}

// ---- Events (DOM, 2; HTML, 8 and 9)

interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

declare class Event {
  constructor(type: string, init?: EventInit);
  static readonly NONE: 0;
  static readonly CAPTURING_PHASE: 1;
  static readonly AT_TARGET: 2;
  static readonly BUBBLING_PHASE: 3;
  readonly NONE: 0;
  readonly CAPTURING_PHASE: 1;
  readonly AT_TARGET: 2;
  readonly BUBBLING_PHASE: 3;
  readonly type: string;
  readonly target: EventTarget | null;
  /** @deprecated Use \`target\`. */
  readonly srcElement: EventTarget | null;
  readonly currentTarget: EventTarget | null;
  readonly eventPhase: number;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly defaultPrevented: boolean;
  readonly timeStamp: number;
  /** An own property of each event. */
  readonly isTrusted: boolean;
  /** @deprecated Use \`stopPropagation()\`. */
  cancelBubble: boolean;
  /** @deprecated Use \`defaultPrevented\` and \`preventDefault()\`. */
  returnValue: boolean;
  composedPath(): EventTarget[];
  stopPropagation(): void;
  stopImmediatePropagation(): void;
  preventDefault(): void;
  /** @deprecated Use the constructor. */
  initEvent(type: string, bubbles?: boolean, cancelable?: boolean): void;
}

interface EventListenerObject<E extends Event = Event> {
  handleEvent(event: E): unknown;
}
type EventListenerOrEventListenerObject<E extends Event = Event> = ((event: E) => unknown) | EventListenerObject<E>;
interface EventListenerOptions {
  capture?: boolean;
}
interface AddEventListenerOptions extends EventListenerOptions {
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

declare class EventTarget {
  constructor();
  addEventListener<E extends Event = Event>(
    type: string,
    listener: EventListenerOrEventListenerObject<E> | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<E extends Event = Event>(
    type: string,
    listener: EventListenerOrEventListenerObject<E> | null,
    options?: boolean | EventListenerOptions,
  ): void;
  dispatchEvent(event: Event): boolean;
}

declare class CustomEvent<T = unknown> extends Event {
  constructor(type: string, init?: EventInit & { detail?: T });
  readonly detail: T;
  /** @deprecated Use the constructor. */
  initCustomEvent(type: string, bubbles?: boolean, cancelable?: boolean, detail?: T): void;
}

declare class ErrorEvent extends Event {
  constructor(type: string, init?: EventInit & { message?: string; filename?: string; lineno?: number; colno?: number; error?: unknown });
  readonly message: string;
  readonly filename: string;
  readonly lineno: number;
  readonly colno: number;
  readonly error: unknown;
}

declare class PromiseRejectionEvent extends Event {
  constructor(type: string, init: EventInit & { promise: Promise<unknown>; reason?: unknown });
  readonly promise: Promise<unknown>;
  readonly reason: unknown;
}

declare class MessageEvent<T = unknown> extends Event {
  constructor(
    type: string,
    init?: EventInit & { data?: T; origin?: string; lastEventId?: string; source?: object | null; ports?: Iterable<MessagePort> },
  );
  readonly data: T;
  readonly origin: string;
  readonly lastEventId: string;
  readonly source: object | null;
  readonly ports: readonly MessagePort[];
}

declare class ProgressEvent extends Event {
  constructor(type: string, init?: EventInit & { lengthComputable?: boolean; loaded?: number; total?: number });
  readonly lengthComputable: boolean;
  readonly loaded: number;
  readonly total: number;
}

/** A request, for code in the form of a service worker: it exports nothing, and one of its listeners for "fetch" answers. Variables are not globals. */
declare class FetchEvent extends Event {
  constructor(type: string, init: EventInit & { request: Request });
  readonly request: Request;
  /** Answers. To be called in the listener, before anything is awaited. */
  respondWith(response: Response | Promise<Response>): void;
  /** Lets the promise go on after the response was sent, within the host's limit. */
  waitUntil(promise: Promise<unknown> | unknown): void;
  /** Does nothing: there is no origin to pass through to. */
  passThroughOnException(): void;
}

declare function addEventListener(type: "fetch", listener: EventListenerOrEventListenerObject<FetchEvent> | null, options?: boolean | AddEventListenerOptions): void;
/** What nobody caught comes here first; a listener that calls \`preventDefault()\` has dealt with it. */
declare function addEventListener(type: "error", listener: EventListenerOrEventListenerObject<ErrorEvent> | null, options?: boolean | AddEventListenerOptions): void;
declare function addEventListener(type: "unhandledrejection", listener: EventListenerOrEventListenerObject<PromiseRejectionEvent> | null, options?: boolean | AddEventListenerOptions): void;
declare function addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
declare function removeEventListener(type: string, listener: EventListenerOrEventListenerObject<never> | null, options?: boolean | EventListenerOptions): void;
declare function dispatchEvent(event: Event): boolean;
declare var onerror: ((message: string, filename: string, lineno: number, colno: number, error: unknown) => unknown) | null;
declare var onrejectionhandled: ((event: PromiseRejectionEvent) => unknown) | null;
declare var onunhandledrejection: ((event: PromiseRejectionEvent) => unknown) | null;
declare function reportError(error: unknown): void;

/**
 * There by name, for libraries that look for it.
 * @deprecated The constructor throws: outgoing WebSockets are not supported.
 */
declare class WebSocket extends EventTarget {
  constructor(url: string | URL, protocols?: string | string[]);
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

// ---- Abort (DOM, 3)

declare class AbortController {
  constructor();
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare class AbortSignal extends EventTarget {
  private constructor();
  static abort(reason?: unknown): AbortSignal;
  static any(signals: Iterable<AbortSignal>): AbortSignal;
  static timeout(milliseconds: number): AbortSignal;
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((this: AbortSignal, event: Event) => unknown) | null;
  throwIfAborted(): void;
}

// ---- Errors (Web IDL, 4.3)

declare class DOMException extends Error {
  constructor(message?: string, name?: string | { name?: string; cause?: unknown });
  static readonly INDEX_SIZE_ERR: 1;
  static readonly DOMSTRING_SIZE_ERR: 2;
  static readonly HIERARCHY_REQUEST_ERR: 3;
  static readonly WRONG_DOCUMENT_ERR: 4;
  static readonly INVALID_CHARACTER_ERR: 5;
  static readonly NO_DATA_ALLOWED_ERR: 6;
  static readonly NO_MODIFICATION_ALLOWED_ERR: 7;
  static readonly NOT_FOUND_ERR: 8;
  static readonly NOT_SUPPORTED_ERR: 9;
  static readonly INUSE_ATTRIBUTE_ERR: 10;
  static readonly INVALID_STATE_ERR: 11;
  static readonly SYNTAX_ERR: 12;
  static readonly INVALID_MODIFICATION_ERR: 13;
  static readonly NAMESPACE_ERR: 14;
  static readonly INVALID_ACCESS_ERR: 15;
  static readonly VALIDATION_ERR: 16;
  static readonly TYPE_MISMATCH_ERR: 17;
  static readonly SECURITY_ERR: 18;
  static readonly NETWORK_ERR: 19;
  static readonly ABORT_ERR: 20;
  static readonly URL_MISMATCH_ERR: 21;
  static readonly QUOTA_EXCEEDED_ERR: 22;
  static readonly TIMEOUT_ERR: 23;
  static readonly INVALID_NODE_TYPE_ERR: 24;
  static readonly DATA_CLONE_ERR: 25;
  readonly INDEX_SIZE_ERR: 1;
  readonly DOMSTRING_SIZE_ERR: 2;
  readonly HIERARCHY_REQUEST_ERR: 3;
  readonly WRONG_DOCUMENT_ERR: 4;
  readonly INVALID_CHARACTER_ERR: 5;
  readonly NO_DATA_ALLOWED_ERR: 6;
  readonly NO_MODIFICATION_ALLOWED_ERR: 7;
  readonly NOT_FOUND_ERR: 8;
  readonly NOT_SUPPORTED_ERR: 9;
  readonly INUSE_ATTRIBUTE_ERR: 10;
  readonly INVALID_STATE_ERR: 11;
  readonly SYNTAX_ERR: 12;
  readonly INVALID_MODIFICATION_ERR: 13;
  readonly NAMESPACE_ERR: 14;
  readonly INVALID_ACCESS_ERR: 15;
  readonly VALIDATION_ERR: 16;
  readonly TYPE_MISMATCH_ERR: 17;
  readonly SECURITY_ERR: 18;
  readonly NETWORK_ERR: 19;
  readonly ABORT_ERR: 20;
  readonly URL_MISMATCH_ERR: 21;
  readonly QUOTA_EXCEEDED_ERR: 22;
  readonly TIMEOUT_ERR: 23;
  readonly INVALID_NODE_TYPE_ERR: 24;
  readonly DATA_CLONE_ERR: 25;
  readonly name: string;
  readonly message: string;
  /** @deprecated Use \`name\`. */
  readonly code: number;
}

declare class QuotaExceededError extends DOMException {
  constructor(message?: string, options?: { quota?: number; requested?: number });
  readonly quota: number | null;
  readonly requested: number | null;
}

// ---- URLs (URL and URL Pattern standards)

declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static canParse(url: string | URL, base?: string | URL): boolean;
  static parse(url: string | URL, base?: string | URL): URL | null;
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  readonly searchParams: URLSearchParams;
  hash: string;
  toString(): string;
  toJSON(): string;
}

declare class URLSearchParams {
  constructor(init?: Iterable<readonly [name: string, value: string]> | Record<string, string> | string);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: unknown): void;
  entries(): IterableIterator<[name: string, value: string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[name: string, value: string]>;
  toString(): string;
}

interface URLPatternInit {
  protocol?: string;
  username?: string;
  password?: string;
  hostname?: string;
  port?: string;
  pathname?: string;
  search?: string;
  hash?: string;
  baseURL?: string;
}
type URLPatternComponent = Exclude<keyof URLPatternInit, "baseURL">;
interface URLPatternOptions {
  ignoreCase?: boolean;
}
interface URLPatternComponentResult {
  input: string;
  groups: Record<string, string | undefined>;
}
interface URLPatternResult {
  inputs: [string | URLPatternInit] | [string, string];
  protocol: URLPatternComponentResult;
  username: URLPatternComponentResult;
  password: URLPatternComponentResult;
  hostname: URLPatternComponentResult;
  port: URLPatternComponentResult;
  pathname: URLPatternComponentResult;
  search: URLPatternComponentResult;
  hash: URLPatternComponentResult;
}

declare class URLPattern {
  constructor(input: string | URLPatternInit, base: string | URL, options?: URLPatternOptions);
  constructor(input?: string | URLPatternInit, options?: URLPatternOptions);
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  readonly hasRegExpGroups: boolean;
  test(input?: string | URL | URLPatternInit, base?: string | URL): boolean;
  exec(input?: string | URL | URLPatternInit, base?: string | URL): URLPatternResult | null;
  /** The component with \`groups\` filled in. Throws where that is not one text, or one that the pattern does not match. */
  generate(component: URLPatternComponent, groups: Record<string, string>): string;
  /** 1 where \`left\` is the more particular, -1 where \`right\` is, 0 where neither is. */
  static compareComponent(component: URLPatternComponent, left: URLPattern, right: URLPattern): -1 | 0 | 1;
}

// ---- Encoding (Encoding standard; HTML, 8.3)

declare class TextEncoder {
  constructor();
  readonly encoding: "utf-8";
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

interface TextDecoderOptions {
  fatal?: boolean;
  ignoreBOM?: boolean;
}

declare class TextDecoder {
  constructor(label?: string, options?: TextDecoderOptions);
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: BufferSource, options?: { stream?: boolean }): string;
}

declare class TextEncoderStream {
  constructor();
  readonly encoding: "utf-8";
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<string>;
}

declare class TextDecoderStream {
  constructor(label?: string, options?: TextDecoderOptions);
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  readonly readable: ReadableStream<string>;
  readonly writable: WritableStream<BufferSource>;
}

declare function atob(data: string): string;
declare function btoa(data: string): string;

// ---- Compression (Compression standard)

type CompressionFormat = "brotli" | "deflate" | "deflate-raw" | "gzip";

declare class CompressionStream {
  constructor(format: CompressionFormat);
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<BufferSource>;
}

declare class DecompressionStream {
  constructor(format: CompressionFormat);
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<BufferSource>;
}

// ---- Streams (Streams standard)

interface QueuingStrategy<T = any> {
  highWaterMark?: number;
  size?: (chunk: T) => number;
}
interface UnderlyingSource<R = any> {
  type?: undefined;
  start?(controller: ReadableStreamDefaultController<R>): unknown;
  pull?(controller: ReadableStreamDefaultController<R>): void | PromiseLike<void>;
  cancel?(reason?: any): void | PromiseLike<void>;
}
interface UnderlyingByteSource {
  type: "bytes";
  autoAllocateChunkSize?: number;
  start?(controller: ReadableByteStreamController): unknown;
  pull?(controller: ReadableByteStreamController): void | PromiseLike<void>;
  cancel?(reason?: any): void | PromiseLike<void>;
}
interface UnderlyingSink<W = any> {
  type?: undefined;
  start?(controller: WritableStreamDefaultController): unknown;
  write?(chunk: W, controller: WritableStreamDefaultController): void | PromiseLike<void>;
  close?(): void | PromiseLike<void>;
  abort?(reason?: any): void | PromiseLike<void>;
}
interface Transformer<I = any, O = any> {
  readableType?: undefined;
  writableType?: undefined;
  start?(controller: TransformStreamDefaultController<O>): unknown;
  transform?(chunk: I, controller: TransformStreamDefaultController<O>): void | PromiseLike<void>;
  flush?(controller: TransformStreamDefaultController<O>): void | PromiseLike<void>;
  cancel?(reason?: any): void | PromiseLike<void>;
}
interface StreamPipeOptions {
  preventAbort?: boolean;
  preventCancel?: boolean;
  preventClose?: boolean;
  signal?: AbortSignal;
}
interface ReadableWritablePair<R = any, W = any> {
  readable: ReadableStream<R>;
  writable: WritableStream<W>;
}
type ReadableStreamReadResult<T> = { done: false; value: T } | { done: true; value: T | undefined };
type ReadableStreamReader<T> = ReadableStreamDefaultReader<T> | ReadableStreamBYOBReader;
interface ReadableStreamAsyncIterator<T> extends AsyncIterableIterator<T, undefined> {
  return(value?: any): Promise<IteratorResult<T, undefined>>;
}

declare class ReadableStream<R = any> {
  constructor(source: UnderlyingByteSource, strategy?: { highWaterMark?: number });
  constructor(source?: UnderlyingSource<R>, strategy?: QueuingStrategy<R>);
  static from<R>(iterable: Iterable<R> | AsyncIterable<R>): ReadableStream<R>;
  readonly locked: boolean;
  cancel(reason?: any): Promise<void>;
  getReader(options: { mode: "byob" }): ReadableStreamBYOBReader;
  getReader(options?: { mode?: undefined }): ReadableStreamDefaultReader<R>;
  pipeThrough<T>(transform: ReadableWritablePair<T, R>, options?: StreamPipeOptions): ReadableStream<T>;
  pipeTo(destination: WritableStream<R>, options?: StreamPipeOptions): Promise<void>;
  tee(): [ReadableStream<R>, ReadableStream<R>];
  values(options?: { preventCancel?: boolean }): ReadableStreamAsyncIterator<R>;
  [Symbol.asyncIterator](options?: { preventCancel?: boolean }): ReadableStreamAsyncIterator<R>;
}

declare class ReadableStreamDefaultReader<R = any> {
  constructor(stream: ReadableStream<R>);
  readonly closed: Promise<undefined>;
  cancel(reason?: any): Promise<void>;
  read(): Promise<ReadableStreamReadResult<R>>;
  releaseLock(): void;
}

declare class ReadableStreamBYOBReader {
  constructor(stream: ReadableStream<Uint8Array>);
  readonly closed: Promise<undefined>;
  cancel(reason?: any): Promise<void>;
  read<T extends ArrayBufferView>(view: T, options?: { min?: number }): Promise<ReadableStreamReadResult<T>>;
  releaseLock(): void;
}

declare class ReadableStreamDefaultController<R = any> {
  private constructor();
  readonly desiredSize: number | null;
  close(): void;
  enqueue(chunk?: R): void;
  error(error?: any): void;
}

declare class ReadableByteStreamController {
  private constructor();
  readonly byobRequest: ReadableStreamBYOBRequest | null;
  readonly desiredSize: number | null;
  close(): void;
  enqueue(chunk: ArrayBufferView): void;
  error(error?: any): void;
}

declare class ReadableStreamBYOBRequest {
  private constructor();
  readonly view: ArrayBufferView | null;
  respond(bytesWritten: number): void;
  respondWithNewView(view: ArrayBufferView): void;
}

declare class WritableStream<W = any> {
  constructor(sink?: UnderlyingSink<W>, strategy?: QueuingStrategy<W>);
  readonly locked: boolean;
  abort(reason?: any): Promise<void>;
  close(): Promise<void>;
  getWriter(): WritableStreamDefaultWriter<W>;
}

declare class WritableStreamDefaultWriter<W = any> {
  constructor(stream: WritableStream<W>);
  readonly closed: Promise<undefined>;
  readonly desiredSize: number | null;
  readonly ready: Promise<undefined>;
  abort(reason?: any): Promise<void>;
  close(): Promise<void>;
  releaseLock(): void;
  write(chunk?: W): Promise<void>;
}

declare class WritableStreamDefaultController {
  private constructor();
  readonly signal: AbortSignal;
  readonly abortReason: any;
  error(error?: any): void;
}

declare class TransformStream<I = any, O = any> {
  constructor(transformer?: Transformer<I, O>, writableStrategy?: QueuingStrategy<I>, readableStrategy?: QueuingStrategy<O>);
  readonly readable: ReadableStream<O>;
  readonly writable: WritableStream<I>;
}

declare class TransformStreamDefaultController<O = any> {
  private constructor();
  readonly desiredSize: number | null;
  enqueue(chunk?: O): void;
  error(reason?: any): void;
  terminate(): void;
}

declare class ByteLengthQueuingStrategy implements QueuingStrategy<ArrayBufferView> {
  constructor(init: { highWaterMark: number });
  readonly highWaterMark: number;
  readonly size: (chunk: ArrayBufferView) => number;
}

declare class CountQueuingStrategy implements QueuingStrategy {
  constructor(init: { highWaterMark: number });
  readonly highWaterMark: number;
  readonly size: (chunk: any) => 1;
}

// ---- Files (File API) and forms (XMLHttpRequest, 5)

interface BlobPropertyBag {
  type?: string;
  endings?: "native" | "transparent";
}

declare class Blob {
  constructor(parts?: Iterable<BlobPart>, options?: BlobPropertyBag);
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  slice(start?: number, end?: number, type?: string): Blob;
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
  text(): Promise<string>;
}

declare class File extends Blob {
  constructor(parts: Iterable<BlobPart>, name: string, options?: BlobPropertyBag & { lastModified?: number });
  readonly lastModified: number;
  readonly name: string;
  readonly webkitRelativePath: string;
}

declare class FileReader extends EventTarget {
  constructor();
  static readonly EMPTY: 0;
  static readonly LOADING: 1;
  static readonly DONE: 2;
  readonly EMPTY: 0;
  readonly LOADING: 1;
  readonly DONE: 2;
  readonly readyState: number;
  readonly result: string | ArrayBuffer | null;
  readonly error: DOMException | null;
  onabort: ((this: FileReader, event: ProgressEvent) => unknown) | null;
  onerror: ((this: FileReader, event: ProgressEvent) => unknown) | null;
  onload: ((this: FileReader, event: ProgressEvent) => unknown) | null;
  onloadend: ((this: FileReader, event: ProgressEvent) => unknown) | null;
  onloadstart: ((this: FileReader, event: ProgressEvent) => unknown) | null;
  onprogress: ((this: FileReader, event: ProgressEvent) => unknown) | null;
  abort(): void;
  readAsArrayBuffer(blob: Blob): void;
  readAsBinaryString(blob: Blob): void;
  readAsDataURL(blob: Blob): void;
  readAsText(blob: Blob, encoding?: string): void;
}

declare class FormData {
  constructor();
  append(name: string, value: string | Blob, filename?: string): void;
  delete(name: string): void;
  get(name: string): FormDataEntryValue | null;
  getAll(name: string): FormDataEntryValue[];
  has(name: string): boolean;
  set(name: string, value: string | Blob, filename?: string): void;
  forEach(callback: (value: FormDataEntryValue, name: string, form: FormData) => void, thisArg?: unknown): void;
  entries(): IterableIterator<[name: string, value: FormDataEntryValue]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<FormDataEntryValue>;
  [Symbol.iterator](): IterableIterator<[name: string, value: FormDataEntryValue]>;
}

// ---- Fetch (Fetch standard)

declare class Headers {
  constructor(init?: HeadersInit);
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getSetCookie(): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void;
  entries(): IterableIterator<[name: string, value: string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[name: string, value: string]>;
}

interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  signal?: AbortSignal | null;
  redirect?: "error" | "follow" | "manual";
  cache?: "default" | "force-cache" | "no-cache" | "no-store" | "only-if-cached" | "reload";
  credentials?: "include" | "omit" | "same-origin";
  duplex?: "half";
  integrity?: string;
  keepalive?: boolean;
  mode?: "cors" | "no-cors" | "same-origin";
  priority?: "auto" | "high" | "low";
  referrer?: string;
  referrerPolicy?: string;
  window?: null;
}

declare class Request {
  constructor(input: RequestInfo, init?: RequestInit);
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly bodyUsed: boolean;
  readonly signal: AbortSignal;
  readonly cache: string;
  readonly credentials: string;
  readonly destination: string;
  readonly duplex: "half";
  readonly integrity: string;
  readonly isHistoryNavigation: boolean;
  readonly isReloadNavigation: boolean;
  readonly keepalive: boolean;
  readonly mode: string;
  readonly redirect: string;
  readonly referrer: string;
  readonly referrerPolicy: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  clone(): Request;
  formData(): Promise<FormData>;
  json<T = any>(): Promise<T>;
  text(): Promise<string>;
}

interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

declare class Response {
  constructor(body?: BodyInit | null, init?: ResponseInit);
  static error(): Response;
  static json(data: unknown, init?: ResponseInit): Response;
  static redirect(url: string | URL, status?: number): Response;
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly bodyUsed: boolean;
  readonly redirected: boolean;
  readonly type: "basic" | "default" | "error";
  readonly url: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  clone(): Response;
  formData(): Promise<FormData>;
  json<T = any>(): Promise<T>;
  text(): Promise<string>;
}

/** Reaches only what the function's egress rules allow. */
declare function fetch(input: RequestInfo, init?: RequestInit): Promise<Response>;

// ---- Timers, tasks and messages (HTML, 8 and 9)

declare function setTimeout(callback: (...args: any[]) => unknown, delay?: number, ...args: unknown[]): number;
declare function setInterval(callback: (...args: any[]) => unknown, delay?: number, ...args: unknown[]): number;
declare function clearTimeout(id?: number): void;
declare function clearInterval(id?: number): void;
declare function queueMicrotask(callback: () => void): void;
declare function structuredClone<T>(value: T, options?: StructuredSerializeOptions): T;

declare class MessageChannel {
  constructor();
  readonly port1: MessagePort;
  readonly port2: MessagePort;
}

declare class MessagePort extends EventTarget {
  private constructor();
  onmessage: ((this: MessagePort, event: MessageEvent<any>) => unknown) | null;
  onmessageerror: ((this: MessagePort, event: MessageEvent<any>) => unknown) | null;
  close(): void;
  postMessage(message: any, options?: Iterable<Transferable> | StructuredSerializeOptions): void;
  start(): void;
}

// ---- Cryptography (Web Cryptography)

type HashName = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
type AlgorithmIdentifier = string | { name: string };
type HashAlgorithmIdentifier = AlgorithmIdentifier;
type NamedCurve = "P-256" | "P-384" | "P-521";
type KeyType = "public" | "private" | "secret";
type KeyUsage = "encrypt" | "decrypt" | "sign" | "verify" | "deriveKey" | "deriveBits" | "wrapKey" | "unwrapKey";
type KeyFormat = "raw" | "pkcs8" | "spki" | "jwk";

type CipherName = "AES-CBC" | "AES-CTR" | "AES-GCM";
type RsaName = "RSA-OAEP" | "RSA-PSS" | "RSASSA-PKCS1-v1_5";
type PlainSignName = "Ed25519" | "HMAC" | "RSASSA-PKCS1-v1_5";
type PlainImportName = CipherName | "AES-KW" | "Ed25519" | "HKDF" | "PBKDF2" | "X25519";

interface NamedAlgorithm<Name extends string> {
  name: Name;
}
interface AesCbcParams extends NamedAlgorithm<"AES-CBC"> {
  iv: BufferSource;
}
interface AesCtrParams extends NamedAlgorithm<"AES-CTR"> {
  counter: BufferSource;
  length: number;
}
interface AesGcmParams extends NamedAlgorithm<"AES-GCM"> {
  /** 12 bytes; 8, 16, 24 and 32 are taken too. */
  iv: BufferSource;
  additionalData?: BufferSource;
  tagLength?: number;
}
interface RsaOaepParams extends NamedAlgorithm<"RSA-OAEP"> {
  label?: BufferSource;
}
interface EcdsaParams extends NamedAlgorithm<"ECDSA"> {
  hash: HashAlgorithmIdentifier;
}
interface RsaPssParams extends NamedAlgorithm<"RSA-PSS"> {
  saltLength: number;
}
interface HkdfParams extends NamedAlgorithm<"HKDF"> {
  hash: HashAlgorithmIdentifier;
  salt: BufferSource;
  info: BufferSource;
}
interface Pbkdf2Params extends NamedAlgorithm<"PBKDF2"> {
  hash: HashAlgorithmIdentifier;
  salt: BufferSource;
  iterations: number;
}
interface EcdhKeyDeriveParams extends NamedAlgorithm<"ECDH" | "X25519"> {
  public: CryptoKey;
}
interface AesKeyGenParams extends NamedAlgorithm<CipherName | "AES-KW"> {
  length: number;
}
interface HmacKeyParams extends NamedAlgorithm<"HMAC"> {
  hash: HashAlgorithmIdentifier;
  length?: number;
}
interface EcKeyParams extends NamedAlgorithm<"ECDSA" | "ECDH"> {
  namedCurve: NamedCurve;
}
interface RsaKeyImportParams extends NamedAlgorithm<RsaName> {
  hash: HashAlgorithmIdentifier;
}
interface RsaKeyGenParams extends RsaKeyImportParams {
  modulusLength: number;
  publicExponent: Uint8Array;
}

type EncryptParams = AesCbcParams | AesCtrParams | AesGcmParams | RsaOaepParams;
type SignParams = PlainSignName | NamedAlgorithm<PlainSignName> | EcdsaParams | RsaPssParams;
type DeriveParams = HkdfParams | Pbkdf2Params | EcdhKeyDeriveParams;
type SecretKeyParams = AesKeyGenParams | HmacKeyParams;
type KeyPairParams = "Ed25519" | "X25519" | NamedAlgorithm<"Ed25519" | "X25519"> | EcKeyParams | RsaKeyGenParams;
type ImportParams = PlainImportName | NamedAlgorithm<PlainImportName> | HmacKeyParams | EcKeyParams | RsaKeyImportParams;
type DerivedKeyParams = SecretKeyParams | "HKDF" | "PBKDF2" | NamedAlgorithm<"HKDF" | "PBKDF2">;
type WrapParams = EncryptParams | "AES-KW" | NamedAlgorithm<"AES-KW">;

interface KeyAlgorithm {
  readonly name: string;
  readonly length?: number;
  readonly hash?: { readonly name: HashName };
  readonly namedCurve?: NamedCurve;
  readonly modulusLength?: number;
  readonly publicExponent?: Uint8Array;
}

interface CryptoKeyPair {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

interface JsonWebKey {
  alg?: string;
  crv?: string;
  d?: string;
  dp?: string;
  dq?: string;
  e?: string;
  ext?: boolean;
  k?: string;
  key_ops?: string[];
  kty?: string;
  n?: string;
  p?: string;
  q?: string;
  qi?: string;
  use?: string;
  x?: string;
  y?: string;
}

declare class Crypto {
  private constructor();
  readonly subtle: SubtleCrypto;
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  randomUUID(): \`\${string}-\${string}-\${string}-\${string}-\${string}\`;
}

/** Keys are made in a handler: the host gives no randomness while the module starts up. */
declare class SubtleCrypto {
  private constructor();
  encrypt(algorithm: EncryptParams, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  decrypt(algorithm: EncryptParams, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  sign(algorithm: SignParams, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  verify(algorithm: SignParams, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>;
  digest(algorithm: HashAlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>;
  generateKey(algorithm: SecretKeyParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  generateKey(algorithm: KeyPairParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKeyPair>;
  generateKey(algorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey | CryptoKeyPair>;
  deriveBits(algorithm: DeriveParams, baseKey: CryptoKey, length?: number | null): Promise<ArrayBuffer>;
  deriveKey(
    algorithm: DeriveParams,
    baseKey: CryptoKey,
    derivedKeyType: DerivedKeyParams,
    extractable: boolean,
    keyUsages: Iterable<KeyUsage>,
  ): Promise<CryptoKey>;
  importKey(
    format: "jwk",
    keyData: JsonWebKey,
    algorithm: ImportParams,
    extractable: boolean,
    keyUsages: Iterable<KeyUsage>,
  ): Promise<CryptoKey>;
  importKey(
    format: Exclude<KeyFormat, "jwk">,
    keyData: BufferSource,
    algorithm: ImportParams,
    extractable: boolean,
    keyUsages: Iterable<KeyUsage>,
  ): Promise<CryptoKey>;
  exportKey(format: "jwk", key: CryptoKey): Promise<JsonWebKey>;
  exportKey(format: Exclude<KeyFormat, "jwk">, key: CryptoKey): Promise<ArrayBuffer>;
  wrapKey(format: KeyFormat, key: CryptoKey, wrappingKey: CryptoKey, wrapAlgorithm: WrapParams): Promise<ArrayBuffer>;
  unwrapKey(
    format: KeyFormat,
    wrappedKey: BufferSource,
    unwrappingKey: CryptoKey,
    unwrapAlgorithm: WrapParams,
    unwrappedKeyAlgorithm: ImportParams,
    extractable: boolean,
    keyUsages: Iterable<KeyUsage>,
  ): Promise<CryptoKey>;
}

declare class CryptoKey {
  private constructor();
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  readonly usages: KeyUsage[];
}

declare var crypto: Crypto;

// ---- Time, environment, console

/** Its clock stands still while code computes and advances with each wait. */
declare class Performance extends EventTarget {
  private constructor();
  readonly timeOrigin: number;
  clearMarks(name?: string): void;
  clearMeasures(name?: string): void;
  getEntries(): PerformanceEntry[];
  getEntriesByName(name: string, type?: string): PerformanceEntry[];
  getEntriesByType(type: string): PerformanceEntry[];
  mark(name: string, options?: { detail?: unknown; startTime?: number }): PerformanceMark;
  measure(
    name: string,
    startOrOptions?: string | { detail?: unknown; start?: string | number; end?: string | number; duration?: number },
    endMark?: string,
  ): PerformanceMeasure;
  now(): number;
  toJSON(): { timeOrigin: number };
}

declare var performance: Performance;

declare class PerformanceEntry {
  protected constructor();
  readonly name: string;
  readonly entryType: string;
  readonly startTime: number;
  readonly duration: number;
  toJSON(): object;
}

declare class PerformanceMark extends PerformanceEntry {
  constructor(name: string, options?: { detail?: unknown; startTime?: number });
  readonly detail: any;
  toJSON(): object;
}

declare class PerformanceMeasure extends PerformanceEntry {
  private constructor();
  readonly detail: any;
  toJSON(): object;
}

declare class Navigator {
  private constructor();
  readonly userAgent: string;
}

declare var navigator: Navigator;
declare var self: typeof globalThis;

interface Console {
  assert(condition?: unknown, ...data: unknown[]): void;
  clear(): void;
  count(label?: string): void;
  countReset(label?: string): void;
  debug(...data: unknown[]): void;
  dir(value?: unknown, options?: { depth?: number | null }): void;
  dirxml(...data: unknown[]): void;
  error(...data: unknown[]): void;
  group(...data: unknown[]): void;
  groupCollapsed(...data: unknown[]): void;
  groupEnd(): void;
  info(...data: unknown[]): void;
  log(...data: unknown[]): void;
  table(data?: unknown, columns?: readonly string[]): void;
  time(label?: string): void;
  timeEnd(label?: string): void;
  timeLog(label?: string, ...data: unknown[]): void;
  trace(...data: unknown[]): void;
  warn(...data: unknown[]): void;
}

declare var console: Console;
`),e}function n(e){let n=[],r=new Set;for(let i=t().get(e);i;i=i.parent===null?void 0:t().get(i.parent))for(let e of i.members){let t=`${e.isStatic} ${e.name}`;r.has(t)||n.push(e),r.add(t)}return n}var r=/^(?:declare )?(class|interface|function|var|const|type) ([\w$]+)(.*)$/;function i(e){let t=new Map,n=``;for(let i of o(e.split(`
`),e=>r.test(e))){n=i.section??n;let e=i.lines[0]??``,[,o=``,l=``,u=``]=r.exec(e)??[];if(l===``||t.has(l))continue;let d=o===`class`||o===`interface`,f=s(i.lines);t.set(l,{name:l,kind:o===`var`||o===`const`?`variable`:o,signature:d?e.replace(/^declare /,``).replace(/ \{\}?$/,``):f.replace(/^declare /,``).replace(/;$/,``),type:c(f.slice(f.indexOf(l)+l.length)),parent:/ extends ([\w$]+)/.exec(u.replace(/^<[^{]*?>(?= |$)/,``))?.[1]??null,members:d?a(i.lines.slice(1,-1)):[],doc:i.doc,section:n})}return t}function a(e){let t=[],n=e.map(e=>e.replace(/^ {2}/,``));for(let{lines:e,doc:r}of o(n,e=>/^[\w$]/.test(e))){let n=s(e).replace(/;$/,``),i=/^((?:static |readonly |get |set )*)([\w$]+)\??(?=[(<:])/.exec(n);if(!i||n.startsWith(`private `)||n.startsWith(`protected `))continue;let[a,o=``,l=``]=i,u=n.slice(a.length);l===`constructor`||t.some(e=>e.name===l)||t.push({name:l,signature:n,type:c(u),isMethod:!u.startsWith(`:`),isStatic:o.includes(`static `),doc:r})}return t}function o(e,t){let n=[],r=[],i=null,a=null;for(let o of e){let e=/^\/\/ -+ (.*)$/.exec(o);e&&(i=e[1]??null),a&&(/^[\s})]/.test(o)||o.startsWith(`|`))?a.lines.push(o):(a=null,/^\/?\*/.test(o.trim())?r.push(o.trim().replace(/^\/\*\*? ?|^\* ?|\s*\*\/$/g,``)):t(o)&&(a={lines:[o],doc:r.length>0?r.join(` `).trim():null,section:i},n.push(a),r=[],o.endsWith(`;`)&&(a=null)))}return n}function s(e){return e.map(e=>e.trim()).join(` `).replaceAll(/\( /g,`(`).replaceAll(/,? \)/g,`)`).trim()}function c(e){let t=0,n=-1;for(let[r,i]of[...e].entries())`([{<`.includes(i)?t+=1:`)]}`.includes(i)||i===`>`&&e[r-1]!==`=`?--t:i===`:`&&t===0&&(n=r);return e.slice(n+1).replace(/;$/,``).trim()}export{n,t};