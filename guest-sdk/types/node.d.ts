// Node's few modules, each also without `node:`. Stands beside index.d.ts, whose types it uses; what each exports is held against the
// engine's own list by guest-sdk/engine/js/test/types.test.ts.

/** The web's classes that they export as well. */
type WebClasses = {
  Blob: typeof Blob;
  File: typeof File;
  URL: typeof URL;
  URLSearchParams: typeof URLSearchParams;
  TextDecoder: typeof TextDecoder;
  TextEncoder: typeof TextEncoder;
};

declare module "node:events" {
  type Name = string | symbol;
  type Listener = (...args: any[]) => void;
  export class EventEmitter {
    static defaultMaxListeners: number;
    static readonly errorMonitor: unique symbol;
    static readonly once: typeof once;
    static readonly on: typeof on;
    static readonly listenerCount: typeof listenerCount;
    static readonly getEventListeners: typeof getEventListeners;
    static readonly setMaxListeners: typeof setMaxListeners;
    static readonly EventEmitter: typeof EventEmitter;
    addListener(name: Name, listener: Listener): this;
    on(name: Name, listener: Listener): this;
    once(name: Name, listener: Listener): this;
    prependListener(name: Name, listener: Listener): this;
    prependOnceListener(name: Name, listener: Listener): this;
    removeListener(name: Name, listener: Listener): this;
    off(name: Name, listener: Listener): this;
    removeAllListeners(name?: Name): this;
    emit(name: Name, ...args: any[]): boolean;
    eventNames(): Name[];
    listeners(name: Name): Listener[];
    rawListeners(name: Name): Listener[];
    listenerCount(name: Name): number;
    getMaxListeners(): number;
    setMaxListeners(count: number): this;
  }
  export const defaultMaxListeners: number;
  export const errorMonitor: typeof EventEmitter.errorMonitor;
  export function once(emitter: EventEmitter | EventTarget, name: Name): Promise<any[]>;
  export function on(
    emitter: EventEmitter | EventTarget,
    name: Name,
    options?: { signal?: AbortSignal; close?: Name[] },
  ): AsyncIterableIterator<any[]>;
  export function listenerCount(emitter: EventEmitter, name: Name): number;
  export function getEventListeners(emitter: EventEmitter, name: Name): Listener[];
  export function setMaxListeners(count?: number, ...emitters: (EventEmitter | EventTarget)[]): void;
  export default EventEmitter;
}

declare module "node:async_hooks" {
  export class AsyncLocalStorage<T> {
    constructor(options?: { name?: string; defaultValue?: T });
    static bind<F extends (...args: any[]) => any>(fn: F): F;
    static snapshot(): <R, A extends any[]>(fn: (...args: A) => R, ...args: A) => R;
    readonly name: string;
    getStore(): T | undefined;
    run<R, A extends any[]>(store: T, fn: (...args: A) => R, ...args: A): R;
    exit<R, A extends any[]>(fn: (...args: A) => R, ...args: A): R;
    enterWith(store: T): void;
    disable(): void;
  }
  export class AsyncResource {
    constructor(type: string, options?: object);
    static bind<F extends (...args: any[]) => any>(fn: F): F;
    bind<F extends (...args: any[]) => any>(fn: F): F;
    runInAsyncScope<R, A extends any[]>(fn: (...args: A) => R, receiver?: unknown, ...args: A): R;
    emitDestroy(): this;
    asyncId(): number;
    triggerAsyncId(): number;
  }
  export function createHook(hooks: object): { enable(): any; disable(): any };
  export function executionAsyncId(): number;
  export function triggerAsyncId(): number;
  const all: object;
  export default all;
}

declare module "node:buffer" {
  type Encoding = "utf8" | "utf-8" | "utf16le" | "ucs2" | "hex" | "base64" | "base64url" | "latin1" | "binary" | "ascii";
  type Bytes = Uint8Array | ArrayBuffer | readonly number[];
  export const Buffer: {
    readonly prototype: Buffer;
    from(text: string, encoding?: Encoding): Buffer;
    from(bytes: Bytes | { readonly type: "Buffer"; readonly data: readonly number[] }): Buffer;
    from(buffer: ArrayBuffer, offset?: number, length?: number): Buffer;
    alloc(size: number, fill?: string | number | Uint8Array, encoding?: Encoding): Buffer;
    allocUnsafe(size: number): Buffer;
    allocUnsafeSlow(size: number): Buffer;
    byteLength(value: string | BufferSource, encoding?: Encoding): number;
    compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1;
    concat(list: readonly Uint8Array[], length?: number): Buffer;
    isBuffer(value: unknown): value is Buffer;
    isEncoding(name: unknown): name is Encoding;
    poolSize: number;
  };
  export interface Buffer extends Uint8Array {
    toString(encoding?: Encoding, start?: number, end?: number): string;
    toJSON(): { type: "Buffer"; data: number[] };
    write(text: string, encoding?: Encoding): number;
    write(text: string, offset: number, encoding?: Encoding): number;
    write(text: string, offset: number, length: number, encoding?: Encoding): number;
    equals(other: Uint8Array): boolean;
    compare(other: Uint8Array, start?: number, end?: number, from?: number, to?: number): -1 | 0 | 1;
    copy(target: Uint8Array, at?: number, start?: number, end?: number): number;
    fill(value: string | number | Uint8Array, start?: number, end?: number, encoding?: Encoding): this;
    indexOf(value: string | number | Uint8Array, from?: number, encoding?: Encoding): number;
    lastIndexOf(value: string | number | Uint8Array, from?: number, encoding?: Encoding): number;
    includes(value: string | number | Uint8Array, from?: number, encoding?: Encoding): boolean;
    slice(start?: number, end?: number): any;
    subarray(start?: number, end?: number): any;
    swap16(): this;
    swap32(): this;
    swap64(): this;
    readUInt8(offset?: number): number;
    readUInt16LE(offset?: number): number;
    readUInt16BE(offset?: number): number;
    readUInt32LE(offset?: number): number;
    readUInt32BE(offset?: number): number;
    readInt8(offset?: number): number;
    readInt16LE(offset?: number): number;
    readInt16BE(offset?: number): number;
    readInt32LE(offset?: number): number;
    readInt32BE(offset?: number): number;
    readFloatLE(offset?: number): number;
    readFloatBE(offset?: number): number;
    readDoubleLE(offset?: number): number;
    readDoubleBE(offset?: number): number;
    readBigInt64LE(offset?: number): bigint;
    readBigInt64BE(offset?: number): bigint;
    readBigUInt64LE(offset?: number): bigint;
    readBigUInt64BE(offset?: number): bigint;
    readUIntLE(offset: number, length: number): number;
    readUIntBE(offset: number, length: number): number;
    readIntLE(offset: number, length: number): number;
    readIntBE(offset: number, length: number): number;
    writeUInt8(value: number, offset?: number): number;
    writeUInt16LE(value: number, offset?: number): number;
    writeUInt16BE(value: number, offset?: number): number;
    writeUInt32LE(value: number, offset?: number): number;
    writeUInt32BE(value: number, offset?: number): number;
    writeInt8(value: number, offset?: number): number;
    writeInt16LE(value: number, offset?: number): number;
    writeInt16BE(value: number, offset?: number): number;
    writeInt32LE(value: number, offset?: number): number;
    writeInt32BE(value: number, offset?: number): number;
    writeFloatLE(value: number, offset?: number): number;
    writeFloatBE(value: number, offset?: number): number;
    writeDoubleLE(value: number, offset?: number): number;
    writeDoubleBE(value: number, offset?: number): number;
    writeBigInt64LE(value: bigint, offset?: number): number;
    writeBigInt64BE(value: bigint, offset?: number): number;
    writeBigUInt64LE(value: bigint, offset?: number): number;
    writeBigUInt64BE(value: bigint, offset?: number): number;
    writeUIntLE(value: number, offset: number, length: number): number;
    writeUIntBE(value: number, offset: number, length: number): number;
    writeIntLE(value: number, offset: number, length: number): number;
    writeIntBE(value: number, offset: number, length: number): number;
  }
  export const SlowBuffer: (size: number) => Buffer;
  export const INSPECT_MAX_BYTES: number;
  export const kMaxLength: number;
  export const constants: { readonly MAX_LENGTH: number; readonly MAX_STRING_LENGTH: number };
  export function isAscii(bytes: BufferSource): boolean;
  export function isUtf8(bytes: BufferSource): boolean;
  export const atob: typeof globalThis.atob;
  export const btoa: typeof globalThis.btoa;
  export const Blob: WebClasses["Blob"];
  export type Blob = InstanceType<WebClasses["Blob"]>;
  export const File: WebClasses["File"];
  export type File = InstanceType<WebClasses["File"]>;
  const all: object;
  export default all;
}

declare module "node:path" {
  interface ParsedPath {
    root: string;
    dir: string;
    base: string;
    ext: string;
    name: string;
  }
  export function basename(path: string, suffix?: string): string;
  export function dirname(path: string): string;
  export function extname(path: string): string;
  export function format(path: Partial<ParsedPath>): string;
  export function isAbsolute(path: string): boolean;
  export function join(...paths: string[]): string;
  export function normalize(path: string): string;
  export function parse(path: string): ParsedPath;
  export function relative(from: string, to: string): string;
  export function resolve(...paths: string[]): string;
  export const sep: "/";
  export const delimiter: ":";
  export const posix: typeof all;
  const all: {
    basename: typeof basename;
    dirname: typeof dirname;
    extname: typeof extname;
    format: typeof format;
    isAbsolute: typeof isAbsolute;
    join: typeof join;
    normalize: typeof normalize;
    parse: typeof parse;
    relative: typeof relative;
    resolve: typeof resolve;
    sep: typeof sep;
    delimiter: typeof delimiter;
    posix: typeof all;
  };
  export default all;
}

declare module "node:stream" {
  import { EventEmitter } from "node:events";
  type Done = (error?: Error | null, value?: any) => void;
  interface Options {
    highWaterMark?: number;
    objectMode?: boolean;
    encoding?: string;
    emitClose?: boolean;
    autoDestroy?: boolean;
    signal?: AbortSignal;
    construct?(this: any, done: Done): void;
    destroy?(this: any, error: Error | null, done: Done): void;
    read?(this: any, size: number): void;
    write?(this: any, chunk: any, encoding: string, done: Done): void;
    writev?(this: any, chunks: { chunk: any; encoding: string }[], done: Done): void;
    final?(this: any, done: Done): void;
    transform?(this: any, chunk: any, encoding: string, done: Done): void;
    flush?(this: any, done: Done): void;
    readableObjectMode?: boolean;
    writableObjectMode?: boolean;
    readableHighWaterMark?: number;
    writableHighWaterMark?: number;
    decodeStrings?: boolean;
    defaultEncoding?: string;
    allowHalfOpen?: boolean;
  }
  export class Stream extends EventEmitter {
    constructor(options?: Options);
    pipe<T extends EventEmitter>(to: T, options?: { end?: boolean }): T;
  }
  export class Readable extends Stream implements AsyncIterable<any> {
    static from(source: Iterable<any> | AsyncIterable<any>, options?: Options): Readable;
    static fromWeb(stream: ReadableStream, options?: Options): Readable;
    static toWeb(stream: Readable): ReadableStream;
    readonly readable: boolean;
    readonly readableEnded: boolean;
    readonly readableFlowing: boolean | null;
    readonly readableHighWaterMark: number;
    readonly readableLength: number;
    readonly readableObjectMode: boolean;
    readonly destroyed: boolean;
    read(size?: number): any;
    push(chunk: any, encoding?: string): boolean;
    unshift(chunk: any, encoding?: string): void;
    setEncoding(encoding: string): this;
    pause(): this;
    resume(): this;
    isPaused(): boolean;
    unpipe(from?: EventEmitter): this;
    destroy(error?: Error): this;
    toArray(options?: { signal?: AbortSignal }): Promise<any[]>;
    [Symbol.asyncIterator](): AsyncIterableIterator<any>;
  }
  export class Writable extends Stream {
    readonly writable: boolean;
    readonly writableEnded: boolean;
    readonly writableFinished: boolean;
    readonly writableHighWaterMark: number;
    readonly writableLength: number;
    readonly writableNeedDrain: boolean;
    readonly writableObjectMode: boolean;
    readonly destroyed: boolean;
    write(chunk: any, done?: Done): boolean;
    write(chunk: any, encoding: string, done?: Done): boolean;
    end(done?: () => void): this;
    end(chunk: any, done?: () => void): this;
    end(chunk: any, encoding: string, done?: () => void): this;
    cork(): void;
    uncork(): void;
    setDefaultEncoding(encoding: string): this;
    destroy(error?: Error): this;
  }
  export class Duplex extends Readable {
    static from(source: any): Duplex;
    readonly writable: boolean;
    readonly writableEnded: boolean;
    readonly writableFinished: boolean;
    readonly writableHighWaterMark: number;
    readonly writableLength: number;
    readonly writableNeedDrain: boolean;
    readonly writableObjectMode: boolean;
    allowHalfOpen: boolean;
    write(chunk: any, done?: Done): boolean;
    write(chunk: any, encoding: string, done?: Done): boolean;
    end(done?: () => void): this;
    end(chunk: any, done?: () => void): this;
    end(chunk: any, encoding: string, done?: () => void): this;
    cork(): void;
    uncork(): void;
    setDefaultEncoding(encoding: string): this;
  }
  export class Transform extends Duplex {}
  export class PassThrough extends Transform {}
  export function addAbortSignal<T extends Stream>(signal: AbortSignal, stream: T): T;
  export function compose(...streams: any[]): Duplex;
  export function destroy(stream: Stream, error?: Error): void;
  export function finished(stream: Stream, done: (error?: Error | null) => void): () => void;
  export function finished(stream: Stream, options: object, done: (error?: Error | null) => void): () => void;
  /** Streams, iterables and functions of them, and a callback at the end. */
  export function pipeline(...steps: any[]): any;
  export const promises: typeof import("node:stream/promises");
  export default Stream;
}

declare module "node:stream/promises" {
  import { Stream } from "node:stream";
  export function finished(stream: Stream, options?: object): Promise<void>;
  /** Streams, iterables and functions of them. */
  export function pipeline(...steps: any[]): Promise<any>;
  const all: { finished: typeof finished; pipeline: typeof pipeline };
  export default all;
}

declare module "node:url" {
  interface OldUrl {
    protocol: string | null;
    slashes: boolean | null;
    auth: string | null;
    host: string | null;
    port: string | null;
    hostname: string | null;
    hash: string | null;
    search: string | null;
    query: any;
    pathname: string | null;
    path: string | null;
    href: string;
  }
  export const URL: WebClasses["URL"];
  export type URL = InstanceType<WebClasses["URL"]>;
  export const URLSearchParams: WebClasses["URLSearchParams"];
  export type URLSearchParams = InstanceType<WebClasses["URLSearchParams"]>;
  export function domainToASCII(domain: string): string;
  export function fileURLToPath(address: string | URL): string;
  export function pathToFileURL(path: string): URL;
  export function format(address: URL, options?: { auth?: boolean; fragment?: boolean; search?: boolean }): string;
  export function format(address: string | { [part: string]: any }): string;
  export function urlToHttpOptions(address: URL): Record<string, any>;
  /** @deprecated Use `new URL`. */
  export function parse(address: string, parseQuery?: boolean, slashesDenoteHost?: boolean): OldUrl;
  /** @deprecated Use `new URL`. */
  export function resolve(from: string, to: string): string;
  /** @deprecated Use `new URL`. */
  export function resolveObject(from: string | object, to: string | object): OldUrl;
  /** @deprecated Use `URL`. */
  export const Url: new () => OldUrl;
  const own: Omit<typeof import("node:url"), "default">;
  export default own;
}

declare module "node:util" {
  import * as all from "node:util/types";
  type Fn = (...args: any[]) => any;
  export const TextDecoder: WebClasses["TextDecoder"];
  export type TextDecoder = InstanceType<WebClasses["TextDecoder"]>;
  export const TextEncoder: WebClasses["TextEncoder"];
  export type TextEncoder = InstanceType<WebClasses["TextEncoder"]>;
  export const inspect: {
    (value: unknown, options?: { depth?: number | null } | boolean): string;
    readonly custom: unique symbol;
    defaultOptions: { depth: number | null };
  };
  export const promisify: {
    (fn: Fn): (...args: any[]) => Promise<any>;
    readonly custom: unique symbol;
  };
  export function callbackify(fn: (...args: any[]) => Promise<any>): (...args: any[]) => void;
  export function debuglog(section: string): Fn & { enabled: boolean };
  export const debug: typeof debuglog;
  export function deprecate<F extends Fn>(fn: F, message: string, code?: string): F;
  export function format(...args: unknown[]): string;
  export function formatWithOptions(options: object, ...args: unknown[]): string;
  /** @deprecated Use `class … extends`. */
  export function inherits(constructor: Fn, parent: Fn): void;
  export function isDeepStrictEqual(a: unknown, b: unknown): boolean;
  export function stripVTControlCharacters(text: string): string;
  export function styleText(style: string | readonly string[], text: string): string;
  export function toUSVString(text: string): string;
  export function isArray(value: unknown): value is any[];
  export function isDate(value: unknown): value is Date;
  export function isError(value: unknown): value is Error;
  export function isFunction(value: unknown): value is Fn;
  export function isObject(value: unknown): value is object;
  export function isRegExp(value: unknown): value is RegExp;
  export function isString(value: unknown): value is string;
  export const types: typeof all.types;
  const own: Omit<typeof import("node:util"), "default">;
  export default own;
}

declare module "node:util/types" {
  export function isAnyArrayBuffer(value: unknown): value is ArrayBuffer;
  export function isArgumentsObject(value: unknown): value is IArguments;
  export function isArrayBuffer(value: unknown): value is ArrayBuffer;
  export function isArrayBufferView(value: unknown): value is ArrayBufferView;
  export function isAsyncFunction(value: unknown): boolean;
  export function isBigInt64Array(value: unknown): value is BigInt64Array;
  export function isBigIntObject(value: unknown): value is BigInt;
  export function isBigUint64Array(value: unknown): value is BigUint64Array;
  export function isBooleanObject(value: unknown): value is Boolean;
  export function isBoxedPrimitive(value: unknown): boolean;
  export function isDataView(value: unknown): value is DataView;
  export function isDate(value: unknown): value is Date;
  export function isExternal(value: unknown): boolean;
  export function isFloat32Array(value: unknown): value is Float32Array;
  export function isFloat64Array(value: unknown): value is Float64Array;
  export function isGeneratorFunction(value: unknown): value is GeneratorFunction;
  export function isGeneratorObject(value: unknown): value is Generator;
  export function isInt16Array(value: unknown): value is Int16Array;
  export function isInt32Array(value: unknown): value is Int32Array;
  export function isInt8Array(value: unknown): value is Int8Array;
  export function isMap(value: unknown): value is Map<unknown, unknown>;
  export function isMapIterator(value: unknown): boolean;
  export function isModuleNamespaceObject(value: unknown): boolean;
  export function isNativeError(value: unknown): value is Error;
  export function isNumberObject(value: unknown): value is Number;
  export function isPromise(value: unknown): value is Promise<unknown>;
  /** Cannot be told here: always false. */
  export function isProxy(value: unknown): boolean;
  export function isRegExp(value: unknown): value is RegExp;
  export function isSet(value: unknown): value is Set<unknown>;
  export function isSetIterator(value: unknown): boolean;
  export function isSharedArrayBuffer(value: unknown): value is SharedArrayBuffer;
  export function isStringObject(value: unknown): value is String;
  export function isSymbolObject(value: unknown): value is Symbol;
  export function isTypedArray(value: unknown): boolean;
  export function isUint16Array(value: unknown): value is Uint16Array;
  export function isUint32Array(value: unknown): value is Uint32Array;
  export function isUint8Array(value: unknown): value is Uint8Array;
  export function isUint8ClampedArray(value: unknown): value is Uint8ClampedArray;
  export function isWeakMap(value: unknown): value is WeakMap<object, unknown>;
  export function isWeakSet(value: unknown): value is WeakSet<object>;
  export const types: Omit<typeof import("node:util/types"), "default" | "types">;
  export default types;
}

declare module "node:assert" {
  type Expected = RegExp | Error | object | (new (...args: any[]) => any) | ((error: any) => boolean);
  type Thrown = Promise<any> | (() => Promise<any>);
  export class AssertionError extends Error {
    constructor(options: { message?: string; actual?: unknown; expected?: unknown; operator?: string });
    readonly code: "ERR_ASSERTION";
    readonly actual: unknown;
    readonly expected: unknown;
    readonly operator: string;
    readonly generatedMessage: boolean;
  }
  export function ok(value: unknown, message?: string | Error): asserts value;
  export function fail(message?: string | Error): never;
  export function equal(actual: unknown, expected: unknown, message?: string | Error): void;
  export function notEqual(actual: unknown, expected: unknown, message?: string | Error): void;
  export function strictEqual<T>(actual: unknown, expected: T, message?: string | Error): asserts actual is T;
  export function notStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void;
  export function deepEqual(actual: unknown, expected: unknown, message?: string | Error): void;
  export function notDeepEqual(actual: unknown, expected: unknown, message?: string | Error): void;
  export function deepStrictEqual<T>(actual: unknown, expected: T, message?: string | Error): asserts actual is T;
  export function notDeepStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void;
  export function match(text: string, pattern: RegExp, message?: string | Error): void;
  export function doesNotMatch(text: string, pattern: RegExp, message?: string | Error): void;
  export function throws(fn: () => unknown, expected?: Expected | string, message?: string): void;
  export function doesNotThrow(fn: () => unknown, message?: string): void;
  export function rejects(fn: Thrown, expected?: Expected | string, message?: string): Promise<void>;
  export function doesNotReject(fn: Thrown, message?: string): Promise<void>;
  export function ifError(value: unknown): void;
  interface Assert extends Omit<typeof import("node:assert"), "default" | "strict"> {
    (value: unknown, message?: string | Error): asserts value;
    readonly strict: Assert;
  }
  export const strict: Assert;
  const assert: Assert;
  export default assert;
}

declare module "node:assert/strict" {
  export * from "node:assert";
  export { strict as default } from "node:assert";
}

declare module "node:path/posix" {
  export * from "node:path";
  export { default } from "node:path";
}

declare module "assert" {
  export * from "node:assert";
  export { default } from "node:assert";
}

declare module "assert/strict" {
  export * from "node:assert/strict";
  export { default } from "node:assert/strict";
}

declare module "async_hooks" {
  export * from "node:async_hooks";
  export { default } from "node:async_hooks";
}

declare module "buffer" {
  export * from "node:buffer";
  export { default } from "node:buffer";
}

declare module "events" {
  export * from "node:events";
  export { default } from "node:events";
}

declare module "path" {
  export * from "node:path";
  export { default } from "node:path";
}

declare module "path/posix" {
  export * from "node:path/posix";
  export { default } from "node:path/posix";
}

declare module "stream" {
  export * from "node:stream";
  export { default } from "node:stream";
}

declare module "stream/promises" {
  export * from "node:stream/promises";
  export { default } from "node:stream/promises";
}

declare module "url" {
  export * from "node:url";
  export { default } from "node:url";
}

declare module "util" {
  export * from "node:util";
  export { default } from "node:util";
}

declare module "util/types" {
  export * from "node:util/types";
  export { default } from "node:util/types";
}
