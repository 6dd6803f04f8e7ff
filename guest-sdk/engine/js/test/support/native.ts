// A stand-in for the Rust half, made of Node's own URL, Buffer and crypto. One object per test context; it records
// what the prelude does with it.

import { createHash, randomFillSync, randomUUID } from "node:crypto";
import { types } from "node:util";
import zlib from "node:zlib";
import type { CodecState, CompressionFormat, DecoderState, DigestName, Hooks, LogLevel, Native, UrlPart, UrlParts } from "../../src/native.ts";

export interface LogLine {
  level: LogLevel;
  text: string;
  stack: string;
}

export interface SentResponse {
  status: number;
  headers: string[];
  body: string | Uint8Array | null;
  streaming: boolean;
  chunks: Uint8Array[];
  closed: boolean;
  aborted: string | null;
}

export interface Exchange {
  method: string;
  headers: string[];
  env: string[];
  /** Chunks of the request body; an Error among them makes reading fail there. */
  body: (Uint8Array | Error)[] | null;
  response: SentResponse | null;
  failure: { message: string; stack: string } | null;
  done: boolean;
  /** From this write on, the client is gone. */
  writesBeforeDisconnect: number;
}

const CODECS: Record<CompressionFormat, [(bytes: Buffer) => Buffer, (bytes: Buffer) => Buffer]> = {
  brotli: [zlib.brotliCompressSync, zlib.brotliDecompressSync],
  deflate: [zlib.deflateSync, zlib.inflateSync],
  "deflate-raw": [zlib.deflateRawSync, zlib.inflateRawSync],
  gzip: [zlib.gzipSync, zlib.gunzipSync],
};

/** What is tested with the real engine only. */
const ELSEWHERE = [
  "urlPatternParse", "urlPatternInput", "base64UrlEncode", "base64UrlDecode", "keySecret", "keyRandom", "keyPair", "keyRead", "keyWrite",
  "keyFromParts", "keyParts", "rsaPublicParts", "aes", "aesGcm", "hmacSign", "hmacVerify", "hkdf", "pbkdf2", "curveSign", "curveVerify",
  "curveAgree", "rsaSign", "rsaVerify", "rsaCrypt",
] as const satisfies readonly (keyof Native)[];
const elsewhere = Object.fromEntries(
  ELSEWHERE.map((name) => [name, () => { throw new Error(`${name} is tested with the real engine`); }]),
) as unknown as Pick<Native, (typeof ELSEWHERE)[number]>;

/** An outgoing request, as far as it was sent. */
export interface Sent {
  method: string;
  url: string;
  headers: string[];
  chunks: Uint8Array[];
  ended: boolean;
  cancelled: boolean;
}

/** What a server answers: status, headers and chunks; `null` for an answer that never comes. */
export type Answer = { status: number; headers?: string[]; body?: (string | Uint8Array)[] } | null;

export class FakeNative {
  phase = 2;
  now = 1000;
  logs: LogLine[] = [];
  exchange: Exchange = newExchange();
  hooks: Hooks | null = null;
  sent: (Sent & { answer: Answer })[] = [];
  /** What promises were settled with; one that is not here is pending. */
  settled = new Map<unknown, [state: number, result: unknown]>();
  /** What is out there; a string is why the host does not let the request go. */
  server: (request: Sent) => Answer | string = () => "nothing is out there";

  /** Values made here must be of the context's own realm; these make them there. */
  constructor(private readonly realm: { Uint8Array: Uint8ArrayConstructor; Promise: PromiseConstructor; Error: ErrorConstructor; TypeError: TypeErrorConstructor }) {}

  bytes(source: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = new this.realm.Uint8Array(source.length);
    copy.set(source);
    return copy as Uint8Array<ArrayBuffer>;
  }

  api(): Native {
    const self = this;
    const api: Native = {
      utf8Encode: (text) => self.bytes(Buffer.from(text, "utf8")),
      utf8Decode(bytes, fatal, ignoreBOM) {
        try {
          return new TextDecoder("utf-8", { fatal, ignoreBOM }).decode(bytes);
        } catch {
          throw new self.realm.TypeError("the data is not valid UTF-8");
        }
      },
      atob(text) {
        try {
          return globalThis.atob(text);
        } catch {
          return null;
        }
      },
      btoa(text) {
        try {
          return globalThis.btoa(text);
        } catch {
          return null;
        }
      },
      urlParse: (input, base) => parts(input, base),
      urlSet: (href, part, value) => setPart(href, part, value),
      encodingFor(label) {
        try {
          return new TextDecoder(label).encoding;
        } catch {
          return null;
        }
      },
      decoderNew: (encoding, ignoreBOM) => ({ encoding, ignoreBOM, decoder: null }) as unknown as DecoderState,
      decoderRun(state, bytes, fatal, last) {
        const held = state as unknown as { encoding: string; ignoreBOM: boolean; decoder: InstanceType<typeof TextDecoder> | null };
        held.decoder ??= new TextDecoder(held.encoding, { fatal, ignoreBOM: held.ignoreBOM });
        try {
          return held.decoder.decode(bytes, { stream: !last });
        } catch {
          throw new self.realm.TypeError("the data is not valid");
        }
      },
      // Whole at the end, where the real ones give piece by piece.
      codecNew: (format, compress) => ({ format, compress, chunks: [] }) as unknown as CodecState,
      codecWrite: (codec, bytes) => void (codec as unknown as { chunks: Uint8Array[] }).chunks.push(Uint8Array.from(bytes)),
      codecEnd(codec, emit) {
        const { format, compress, chunks } = codec as unknown as { format: CompressionFormat; compress: boolean; chunks: Uint8Array[] };
        try {
          emit(self.bytes(CODECS[format][compress ? 0 : 1](Buffer.concat(chunks))));
        } catch {
          throw new self.realm.TypeError("the compressed data is not valid");
        }
      },
      ...elsewhere,
      compare: (a, b, options) => compare(a, b, options),
      zoneFind: (name) => zoneFind(name),
      zoneNames: () => Intl.supportedValuesOf("timeZone"),
      zoneOffset: (name, time) => zoneOffset(name, time),
      digest(algorithm: DigestName, bytes) {
        const hash = createHash(algorithm.replace("-", "").toLowerCase()).update(bytes).digest();
        return self.bytes(hash).buffer;
      },
      randomFill(bytes) {
        self.requireRequest("crypto.getRandomValues");
        randomFillSync(bytes);
      },
      randomUUID() {
        self.requireRequest("crypto.randomUUID");
        return randomUUID();
      },
      random: () => (self.phase === 1 ? 0.25 : 0.5),
      wallNow: () => 1_700_000_000_000 + self.now,
      monoNow: () => self.now,
      log: (level, text, stack) => void self.logs.push({ level, text, stack }),
      phase: () => self.phase,
      promiseState: (value) => self.settled.get(value) ?? [types.isPromise(value) ? 0 : -1, undefined],
      swapAsyncContext: () => undefined,
      requestHeaders: () => [...self.exchange.headers],
      env: () => [...self.exchange.env],
      async bodyRead() {
        const next = self.exchange.body?.shift();
        if (next instanceof Error) throw new self.realm.Error(next.message);
        return next === undefined ? null : self.bytes(next);
      },
      hasBody: () => self.exchange.method !== "GET" && self.exchange.method !== "HEAD",
      respond(status, headers, body, streaming) {
        if (self.exchange.response !== null) throw new Error("respond was called twice");
        self.exchange.response = { status, headers: [...headers], body, streaming, chunks: [], closed: false, aborted: null };
      },
      async bodyWrite(chunk) {
        if (self.exchange.writesBeforeDisconnect-- <= 0) throw new self.realm.Error("the client is gone");
        self.exchange.response?.chunks.push(Uint8Array.from(chunk));
      },
      bodyClose() {
        if (self.exchange.response !== null) self.exchange.response.closed = true;
      },
      bodyAbort(message) {
        if (self.exchange.response !== null) self.exchange.response.aborted = message;
      },
      fetchStart(method, scheme, authority, path, headers, hasBody) {
        self.sent.push({ method, url: `${scheme}://${authority}${path}`, headers: [...headers], chunks: [], ended: !hasBody, cancelled: false, answer: null });
        return self.sent.length - 1;
      },
      async fetchHead(id) {
        const request = self.sent[id] as (typeof self.sent)[number];
        while (!request.ended && !request.cancelled) await new self.realm.Promise((resolve) => setImmediate(resolve));
        const answer = self.server(request);
        if (typeof answer === "string") throw new self.realm.Error(answer);
        request.answer = answer;
        if (answer === null) return new self.realm.Promise(() => {});
        return [String(answer.status), ...(answer.headers ?? [])];
      },
      async fetchRead(id) {
        const next = self.sent[id]?.answer?.body?.shift();
        return next === undefined ? null : self.bytes(Buffer.from(next));
      },
      async fetchWrite(id, chunk) {
        self.sent[id]?.chunks.push(Uint8Array.from(chunk));
      },
      fetchEnd(id) {
        (self.sent[id] as Sent).ended = true;
      },
      fetchCancel(id) {
        (self.sent[id] as Sent).cancelled = true;
      },
      done() {
        if (self.exchange.done) throw new Error("done was called twice");
        self.exchange.done = true;
      },
      fail(message, stack) {
        if (self.exchange.failure !== null || self.exchange.response !== null) throw new Error("fail after an answer");
        self.exchange.failure = { message, stack };
      },
    };
    return api;
  }

  private requireRequest(what: string): void {
    if (this.phase !== 2) throw new this.realm.Error(`${what} is not available while the module starts up`);
  }
}

export function newExchange(): Exchange {
  return {
    method: "GET",
    headers: [],
    env: [],
    body: null,
    response: null,
    failure: null,
    done: false,
    writesBeforeDisconnect: Number.POSITIVE_INFINITY,
  };
}

export function parts(input: string, base?: string): UrlParts | null {
  try {
    return list(new URL(input, base));
  } catch {
    return null;
  }
}

export function setPart(href: string, part: UrlPart, value: string): UrlParts | null {
  try {
    const url = new URL(href);
    url[part] = value;
    return list(url);
  } catch {
    return null;
  }
}

function list(url: URL): string[] {
  return [
    url.href, url.origin, url.protocol, url.username, url.password, url.host,
    url.hostname, url.port, url.pathname, url.search, url.hash,
  ];
}

/** The natives of `Intl`, by Node's own. */
export function compare(a: string, b: string, bits: number): number {
  return new Intl.Collator("en", {
    sensitivity: (["base", "accent", "case", "variant"] as const)[bits & 3], numeric: (bits & 4) !== 0,
    caseFirst: (["false", "upper", "lower"] as const)[(bits >> 3) & 3], ignorePunctuation: (bits & 32) !== 0,
  }).compare(a, b);
}

export function zoneFind(name: string): string | null {
  try {
    const found = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
    return found.toLowerCase() === name.toLowerCase() ? found : name;
  } catch {
    return null;
  }
}

export function zoneOffset(name: string, time: number): [number, boolean] {
  const offset = (at: number): number => {
    const text = new Intl.DateTimeFormat("en", { timeZone: name, timeZoneName: "longOffset" }).format(at);
    const [, sign, hours, minutes] = /GMT([+-])(\d+):(\d+)$/.exec(text) ?? [];
    return sign === undefined ? 0 : (sign === "-" ? -60 : 60) * (60 * Number(hours) + Number(minutes));
  };
  // The smaller offset of the year is the standard one.
  const half = 182 * 86_400_000;
  return [offset(time), offset(time) > Math.min(offset(time - half), offset(time + half))];
}
