// Bodies of requests and responses (Fetch, 2.2.4 and 5.2): taking one in, reading it once, cloning it, and the members
// Request and Response share. A body stays a string, bytes or "still at the host" until somebody asks for a stream.

import { type Blob, blobBytes, blobOf, isBlob } from "./blob.ts";
import { FormData, isFormData } from "./form-data.ts";
import { parseMimeType, serializeMimeType } from "./mime.ts";
import { parseMultipart, serializeMultipart } from "./multipart.ts";
import { native } from "./native.ts";
import { bytesOf, concatBytes, isArrayBuffer, isView, promiseThen } from "./primordials.ts";
import {
  byteStream,
  chunkBytes,
  isDisturbed,
  isReadableStream,
  markConsumed,
  memoryStream,
  type ReadableStream,
} from "./streams.ts";
import { type Boxed, box, lock, readAllBytes, readChunk, type ReadRequest } from "./stream-reads.ts";
import { teeWithClones } from "./stream-tee.ts";
import { parseUrlEncoded, URLSearchParams } from "./url-search-params.ts";
import { isObject, toUSVString } from "./webidl.ts";

export const TEXT_PLAIN = "text/plain;charset=UTF-8";

/** One body. Exactly one of `source`, `host` and `stream` says where its content comes from; a stream may stand beside the other two once it was asked for. */
export class Body {
  /** The whole content, when it is in memory. */
  source: string | Uint8Array | null;
  /** The content is the request body, still to be read from the host. */
  host = false;
  stream: ReadableStream | null = null;
  used = false;
  /** The content type the body brings along, if any. */
  type: string | null;

  constructor(source: string | Uint8Array | null, type: string | null) {
    this.source = source;
    this.type = type;
  }
}

/** The body of the request being handled. */
export function hostBody(): Body {
  const body = new Body(null, null);
  body.host = true;
  return body;
}

// Streams made for a body's `body` property, so that `new Response(request.body)` need not go through the stream.
const origins = new WeakMap<ReadableStream, Body>();

/** The body a BodyInit that is not null stands for. */
export function extractBody(init: unknown): Body {
  if (typeof init === "string") return new Body(init, TEXT_PLAIN);
  if (isObject(init)) {
    if (isReadableStream(init)) return streamBody(init);
    // Copies: the standard takes the bytes as they are now.
    if (isView(init)) return new Body(bytesOf(init).slice(), null);
    if (isArrayBuffer(init)) return new Body(bytesOf(init).slice(), null);
    if (isBlob(init)) return new Body(blobBytes(init), init.type === "" ? null : init.type);
    if (init instanceof URLSearchParams) {
      return new Body(init.toString(), "application/x-www-form-urlencoded;charset=UTF-8");
    }
    if (isFormData(init)) {
      const { bytes, type } = serializeMultipart(init);
      return new Body(bytes, type);
    }
  }
  return new Body(toUSVString(init), TEXT_PLAIN);
}

function streamBody(stream: ReadableStream): Body {
  if (stream.locked || isDisturbed(stream)) {
    throw new TypeError("the stream given as a body is locked or was already read from; use tee() to read it twice");
  }
  const origin = origins.get(stream);
  const body = new Body(origin?.source ?? null, null);
  body.host = origin?.host ?? false;
  body.stream = stream;
  return body;
}

function isUsed(body: Body): boolean {
  return body.used || (body.stream !== null && isDisturbed(body.stream));
}

function isUnusable(body: Body): boolean {
  return isUsed(body) || (body.stream !== null && body.stream.locked);
}

function requireUsable(body: Body, what: string): void {
  if (!isUnusable(body)) return;
  throw new TypeError(
    isUsed(body)
      ? `${what}: the body was already used; a body can be read once, so clone() it before the first reading`
      : `${what}: the body's stream is locked to a reader`,
  );
}

/** The stream of a body, made when first asked for. */
function bodyStream(body: Body): ReadableStream {
  if (body.stream === null) {
    const { source } = body;
    body.stream = source === null ? byteStream(native.bodyRead) : memoryStream(() => asBytes(source));
    origins.set(body.stream, body);
    if (body.used) markConsumed(body.stream);
  }
  return body.stream;
}

/** Hands the content over for good: whole when it is in memory, as a promise when it must be read first. */
function takeContent(body: Body, what: string): string | Uint8Array | Promise<Boxed> {
  requireUsable(body, what);
  body.used = true;
  if (body.source === null && !body.host) return readAllBytes(body.stream as ReadableStream);
  if (body.stream !== null) markConsumed(body.stream);
  return body.source === null ? readHostBody() : body.source;
}

async function readHostBody(): Promise<Boxed> {
  const first = await native.bodyRead();
  if (first === null) return box(new Uint8Array(0));
  const chunks: Uint8Array[] = [first];
  let length = first.byteLength;
  for (;;) {
    const chunk = await native.bodyRead();
    if (chunk === null) return box(chunks.length === 1 ? first : concatBytes(chunks, length));
    chunks[chunks.length] = chunk;
    length += chunk.byteLength;
  }
}

/** Chunk after chunk of a body that is not in memory, for sending it. */
export interface ChunkSource {
  /** Calls back once: with a chunk of whatever kind, at the end, or on failure. May do so at once. */
  read(chunk: (chunk: unknown) => void, end: () => void, error: (error: unknown) => void): void;
  cancel(reason: unknown): unknown;
}

const hostSource: ChunkSource = {
  read: (chunk, end, error) => void promiseThen(native.bodyRead(), (bytes) => (bytes === null ? end() : chunk(bytes)), error),
  cancel: () => {},
};

function streamSource(stream: ReadableStream): ChunkSource {
  const reader = lock(stream);
  return {
    read(chunk, end, error) {
      const request: ReadRequest = { _chunkSteps: chunk, _closeSteps: end, _errorSteps: error };
      readChunk(stream, request);
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

/** The content as the host takes it: whole, or chunk by chunk. */
export function openForSending(body: Body): string | Uint8Array | ChunkSource {
  requireUsable(body, "the response cannot be sent");
  body.used = true;
  if (body.source === null && !body.host) return streamSource(body.stream as ReadableStream);
  if (body.stream !== null) markConsumed(body.stream);
  return body.source ?? hostSource;
}

/** A second body with the same content. */
export function cloneBody(body: Body, what: string): Body {
  requireUsable(body, what);
  if (body.source !== null) return new Body(body.source, body.type);
  const [kept, given] = teeWithClones(bodyStream(body));
  body.host = false;
  body.stream = kept;
  const copy = new Body(null, body.type);
  copy.stream = given;
  return copy;
}

/** Moves the content into a new body; the old one counts as used (Fetch, "create a proxy"). */
export function moveBody(body: Body, what: string): Body {
  requireUsable(body, what);
  const moved = new Body(body.source, body.type);
  moved.host = body.host;
  if (body.source === null && !body.host) {
    // The new stream reads from the old one, which is locked by that and disturbed from the first read on.
    const reader = (body.stream as ReadableStream).getReader();
    moved.stream = byteStream(
      async () => {
        const { done, value } = await reader.read();
        return done ? null : chunkBytes(value).slice();
      },
      (reason) => reader.cancel(reason),
    );
  } else if (body.stream !== null) markConsumed(body.stream);
  body.used = true;
  return moved;
}

function asBytes(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? native.utf8Encode(content) : (content as Uint8Array<ArrayBuffer>);
}

/** "UTF-8 decode": invalid sequences become U+FFFD, a byte order mark goes. */
function asText(content: string | Uint8Array): string {
  if (typeof content !== "string") return native.utf8Decode(content, false, false);
  const text = toUSVString(content);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

const parseJson = JSON.parse;

function asFormData(content: string | Uint8Array, contentType: string | null): FormData {
  const mime = contentType === null ? null : parseMimeType(contentType);
  if (mime?.essence === "multipart/form-data") {
    const boundary = mime.parameters.get("boundary");
    if (boundary === undefined) throw new TypeError("formData: the content type has no boundary parameter");
    return parseMultipart(asBytes(content), boundary);
  }
  if (mime?.essence === "application/x-www-form-urlencoded") {
    const form = new FormData();
    for (const [name, value] of parseUrlEncoded(native.utf8Decode(asBytes(content), false, true))) form.append(name, value);
    return form;
  }
  throw new TypeError(
    `formData: the content type must be multipart/form-data or application/x-www-form-urlencoded, not ${contentType === null ? "missing" : `"${contentType}"`}`,
  );
}

/** The members Request and Response have in common (Fetch, 5.2). */
export interface BodyMembers {
  readonly body: ReadableStream | null;
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  formData(): Promise<FormData>;
  json(): Promise<unknown>;
  text(): Promise<string>;
}

/**
 * Puts the shared members onto `prototype`. `bodyOf` gives an object's body and throws for objects of another class;
 * `contentTypeOf` gives its content type.
 */
export function installBodyMembers<T extends object>(
  prototype: T & BodyMembers,
  bodyOf: (owner: T) => Body | null,
  contentTypeOf: (owner: T) => string | null,
): void {
  const content = (owner: object, what: string): string | Uint8Array | Promise<Boxed> => {
    const body = bodyOf(owner as T);
    return body === null ? "" : takeContent(body, what);
  };
  // Awaiting only what must be waited for keeps content that is in memory to one turn of the job queue.
  const members = {
    get body(): ReadableStream | null {
      const body = bodyOf(this as unknown as T);
      return body === null ? null : bodyStream(body);
    },
    get bodyUsed(): boolean {
      const body = bodyOf(this as unknown as T);
      return body !== null && isUsed(body);
    },
    async arrayBuffer(): Promise<ArrayBuffer> {
      const got = content(this, "arrayBuffer");
      return (typeof got === "string" || isView(got) ? ownBytes(got) : trimmed((await got).bytes)).buffer;
    },
    async blob(): Promise<Blob> {
      const got = content(this, "blob");
      const bytes = asBytes(typeof got === "string" || isView(got) ? got : (await got).bytes);
      const mime = parseMimeType(contentTypeOf(this as unknown as T) ?? "");
      return blobOf(bytes, mime === null ? "" : serializeMimeType(mime));
    },
    async bytes(): Promise<Uint8Array<ArrayBuffer>> {
      const got = content(this, "bytes");
      return typeof got === "string" || isView(got) ? ownBytes(got) : trimmed((await got).bytes);
    },
    async formData(): Promise<FormData> {
      const type = contentTypeOf(this as unknown as T);
      const got = content(this, "formData");
      return asFormData(typeof got === "string" || isView(got) ? got : (await got).bytes, type);
    },
    async json(): Promise<unknown> {
      const got = content(this, "json");
      return parseJson(asText(typeof got === "string" || isView(got) ? got : (await got).bytes));
    },
    async text(): Promise<string> {
      const got = content(this, "text");
      return asText(typeof got === "string" || isView(got) ? got : (await got).bytes);
    },
  };
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(members));
}

/** Bytes the caller may keep: what lies in memory can be shared with clones. */
function ownBytes(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? native.utf8Encode(content) : (content.slice() as Uint8Array<ArrayBuffer>);
}

/** Bytes just read, which are the caller's already, in a buffer that holds nothing else. */
function trimmed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return (bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()) as Uint8Array<ArrayBuffer>;
}
