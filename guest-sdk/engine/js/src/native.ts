// What the Rust half gives the prelude (`__native`) and what it expects back (`hooks`): types, and the one place
// where the object is taken off the global. No behaviour lives here.

/** A part of a URL that has a setter; the names are those of the URL standard's properties. */
export type UrlPart =
  | "href"
  | "protocol"
  | "username"
  | "password"
  | "host"
  | "hostname"
  | "port"
  | "pathname"
  | "search"
  | "hash";

/** The parts of a URL, at the positions that url-parts.ts names. */
export type UrlParts = readonly string[];

export type LogLevel = "debug" | "log" | "info" | "warn" | "error" | "trace";

/** The engine is being frozen: nothing of a tenant runs. */
export const PHASE_FREEZE = 0;
/** A tenant's module top level runs, at deploy. */
export const PHASE_STARTUP = 1;
/** A request is being handled. */
export const PHASE_REQUEST = 2;

/** Opaque: what a decoder keeps between two chunks. */
export interface DecoderState {
  readonly decoder: unique symbol;
}

/** Opaque: what a compressor or decompressor keeps between two chunks. */
export interface CodecState {
  readonly codec: unique symbol;
}

/** Opaque: a key, which never leaves the Rust half but by `keyWrite` and `keyParts`. */
export interface KeyMaterial {
  readonly key: unique symbol;
}

export type CompressionFormat = "brotli" | "deflate" | "deflate-raw" | "gzip";

/** A string, or protocol, username, password, hostname, port, pathname, search, hash and baseURL of an init. */
export type UrlPatternInput = string | readonly (string | undefined)[];

/** For each component its pattern, its regular expression and the names of its groups; and whether any group is an expression of the user's. */
export type UrlPatternParts = readonly [components: readonly (readonly string[])[], hasRegExpGroups: boolean];

export interface Native {
  /** UTF-8 bytes; lone surrogates become U+FFFD. */
  utf8Encode(text: string): Uint8Array<ArrayBuffer>;
  /** Throws a TypeError when `fatal` and the bytes are not UTF-8. */
  utf8Decode(bytes: Uint8Array, fatal: boolean, ignoreBOM: boolean): string;
  /** The encoding's name in lower case; `null` for a label of none. */
  encodingFor(label: string): string | null;
  decoderNew(encoding: string, ignoreBOM: boolean): DecoderState;
  /** The text of the next chunk; throws a TypeError when `fatal` and the bytes are malformed. Used up after the `last` or a failure. */
  decoderRun(decoder: DecoderState, bytes: Uint8Array, fatal: boolean, last: boolean): string;
  codecNew(format: CompressionFormat, compress: boolean): CodecState;
  /** Calls `emit` with each piece that comes out; throws a TypeError for data that is not in the format. */
  codecWrite(codec: CodecState, bytes: Uint8Array, emit: (piece: Uint8Array<ArrayBuffer>) => void): void;
  /** Calls `emit` with what is still to come; throws a TypeError when the data was cut off. */
  codecEnd(codec: CodecState, emit: (piece: Uint8Array<ArrayBuffer>) => void): void;
  /** `null`: not base64. */
  atob(text: string): string | null;
  /** `null`: a character above U+00FF. */
  btoa(text: string): string | null;
  urlParse(input: string, base?: string): UrlParts | null;
  /** `null` only for `href`, when the new value is no URL. */
  urlSet(href: string, part: UrlPart, value: string): UrlParts | null;
  /** Throws a TypeError that says what is wrong with the pattern. `test` says whether an expression matches a text. */
  urlPatternParse(
    input: UrlPatternInput,
    base: string | undefined,
    ignoreCase: boolean,
    test: (pattern: string, flags: string, text: string) => boolean,
  ): UrlPatternParts;
  /** The eight components of what is to be matched, `null` when it is no URL. Throws a TypeError for an init with a base. */
  urlPatternInput(input: UrlPatternInput, base: string | undefined): readonly string[] | null;
  /** Below, at or above zero, by the root collation. `options` is a sum that `intl-collator.ts` makes. */
  compare(a: string, b: string, options: number): number;
  /** The name of a time zone as the database writes it; `null` for none. */
  zoneFind(name: string): string | null;
  zoneNames(): string[];
  /** Seconds east of Greenwich at a time in milliseconds, and whether the database has it for summer time. */
  zoneOffset(name: string, time: number): [seconds: number, summer: boolean];
  digest(algorithm: DigestName, bytes: Uint8Array): ArrayBuffer;
  /** base64 with the alphabet for URLs and without padding. */
  base64UrlEncode(bytes: Uint8Array): string;
  base64UrlDecode(text: string): Uint8Array<ArrayBuffer> | null;
  keySecret(bytes: Uint8Array): KeyMaterial;
  /** `null`: no memory for so much. */
  keyRandom(length: number): KeyMaterial | null;
  /** A private and its public key: of a curve by its name, or of "RSA", to which alone `bits` and `exponent` mean something. */
  keyPair(kind: string, bits: number, exponent: Uint8Array): readonly [KeyMaterial, KeyMaterial] | null;
  /** The key of a curve, or of "RSA", in one of the formats raw, spki and pkcs8. */
  keyRead(kind: string, format: string, bytes: Uint8Array): KeyMaterial | null;
  keyWrite(key: KeyMaterial, format: string): ArrayBuffer | null;
  /** The numbers of a JSON Web Key: x, y, d or x, d of a curve, n, e, d, p, q, dp, dq, qi of RSA; of a public key those it has. */
  keyFromParts(kind: string, parts: readonly Uint8Array[]): KeyMaterial | null;
  /** The same of a key; of a secret one its bytes. */
  keyParts(key: KeyMaterial): readonly ArrayBuffer[];
  /** Modulus and public exponent. */
  rsaPublicParts(key: KeyMaterial): readonly ArrayBuffer[];
  // Operations give `null` when they fail.
  aes(
    mode: "CBC encrypt" | "CBC decrypt" | "CTR" | "KW wrap" | "KW unwrap",
    key: KeyMaterial,
    iv: Uint8Array,
    counterBits: number,
    data: Uint8Array,
  ): ArrayBuffer | null;
  aesGcm(encrypt: boolean, key: KeyMaterial, iv: Uint8Array, extra: Uint8Array, tagBytes: number, data: Uint8Array): ArrayBuffer | null;
  hmacSign(hash: DigestName, key: KeyMaterial, data: Uint8Array): ArrayBuffer | null;
  hmacVerify(hash: DigestName, key: KeyMaterial, signature: Uint8Array, data: Uint8Array): boolean;
  hkdf(hash: DigestName, key: KeyMaterial, salt: Uint8Array, info: Uint8Array, length: number): ArrayBuffer | null;
  pbkdf2(hash: DigestName, key: KeyMaterial, salt: Uint8Array, iterations: number, length: number): ArrayBuffer | null;
  curveSign(key: KeyMaterial, hash: DigestName, data: Uint8Array): ArrayBuffer | null;
  curveVerify(key: KeyMaterial, hash: DigestName, signature: Uint8Array, data: Uint8Array): boolean;
  curveAgree(key: KeyMaterial, other: KeyMaterial): ArrayBuffer | null;
  /** PSS with a salt of so many bytes; without one, PKCS #1 v1.5. */
  rsaSign(key: KeyMaterial, hash: DigestName, saltLength: number | undefined, data: Uint8Array): ArrayBuffer | null;
  rsaVerify(key: KeyMaterial, hash: DigestName, saltLength: number | undefined, signature: Uint8Array, data: Uint8Array): boolean;
  /** OAEP. */
  rsaCrypt(encrypt: boolean, key: KeyMaterial, hash: DigestName, label: Uint8Array, data: Uint8Array): ArrayBuffer | null;
  randomFill(bytes: Uint8Array): void;
  randomUUID(): string;
  /** While a module starts up, from a seed that follows from its code. */
  random(): number;
  /** Below zero for what is no promise, 0 for a pending one, 1 for a fulfilled and 2 for a rejected one, and what it was settled with. */
  promiseState(value: object): readonly [state: number, result: unknown];
  /** Makes an opaque value go along with the jobs, reactions and timers that come of this one, and gives the one that did before. */
  swapAsyncContext(value: unknown): unknown;
  /** Milliseconds since the Unix epoch. */
  wallNow(): number;
  /** Milliseconds since some fixed moment. */
  monoNow(): number;
  /** `stack` is raw: the Rust half looks for the first frame of tenant code in it. */
  log(level: LogLevel, text: string, stack: string): void;
  phase(): number;
  /** Name, value, name, value…: lower-case names, values with one character per byte. */
  requestHeaders(): string[];
  /** Name, value, name, value… */
  env(): string[];
  /** The next chunk of the request body, `null` at its end. */
  bodyRead(): Promise<Uint8Array<ArrayBuffer> | null>;
  hasBody(): boolean;
  /** Sends the head; with `streaming` false, `body` is all there is of the body. */
  respond(status: number, headers: string[], body: string | Uint8Array | null, streaming: boolean): void;
  /** Resolves when the host has taken the chunk, rejects when the client is gone. */
  bodyWrite(chunk: Uint8Array): Promise<void>;
  bodyClose(): void;
  /** Cuts the connection in the middle of the body. */
  bodyAbort(message: string): void;
  /**
   * Sends the head of an outgoing request and gives its number. Throws a TypeError for what HTTP does not allow. With `hasBody`, chunks
   * and an end follow.
   */
  fetchStart(method: string, scheme: string, authority: string, path: string, headers: string[], hasBody: boolean): number;
  /** Status, then name, value, name, value…, or rejects with the host's reason. */
  fetchHead(id: number): Promise<string[]>;
  /** The next chunk of the response's body, `null` at its end. */
  fetchRead(id: number): Promise<Uint8Array<ArrayBuffer> | null>;
  fetchWrite(id: number, chunk: Uint8Array): Promise<void>;
  fetchEnd(id: number): void;
  /** Gives the request up wherever it stands. */
  fetchCancel(id: number): void;
  /** Handler settled, body ended, every `waitUntil` promise settled. */
  done(): void;
  /** The handler failed before the head was sent. */
  fail(message: string, stack: string): void;
  hooks?: Hooks;
}

export type DigestName = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

/** What the Rust half calls. */
export interface Hooks {
  handle(ns: object, entrypoint: string, method: string, url: string): void;
  check(ns: object): string | null;
  timersNext(): number;
  timersRun(): void;
  /** Message and stack of a rejection nobody handled; nothing when a listener of the tenant's has dealt with it, or the code has, late. */
  rejection(reason: unknown, promise: Promise<unknown>, handledLate: boolean): string[];
  /** The source of an expression of flag "v" as one of flag "u". */
  withoutSets(source: string): string;
  /** What the built-in modules may import. */
  internals: object;
  /** To be called once before freezing, if at all; jobs must be run until none is left afterwards. */
  warm(): void;
}

const scope = globalThis as typeof globalThis & { __native?: Native };

export const native: Native = scope.__native as Native;

delete scope.__native;
