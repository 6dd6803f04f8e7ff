// Reading streams for the engine's own purposes, by the standard's read requests instead of promises: a tenant who
// puts a `then` on Object.prototype cannot get in between, and a chunk costs no turn of the job queue.

import { chunkBytes, ReadableStream, ReadableStreamDefaultController } from "./streams.ts";
import { concatBytes, promiseThen } from "./primordials.ts";

/** Streams standard, "read request", under the names of the streams library. */
export interface ReadRequest {
  _chunkSteps(chunk: unknown): void;
  _closeSteps(): void;
  _errorSteps(error: unknown): void;
}

interface Internals {
  _disturbed: boolean;
  _state: "readable" | "closed" | "errored";
  _storedError: unknown;
  _readableStreamController: Record<symbol, (request: ReadRequest) => void>;
}

// The library's version is pinned; a test fails when an update changes these names.
const PULL_STEPS = Object.getOwnPropertySymbols(ReadableStreamDefaultController.prototype).find(
  (symbol) => symbol.description === "[[PullSteps]]",
) as symbol;

const getReader = ReadableStream.prototype.getReader as (this: ReadableStream) => ReadableStreamReader;

interface ReadableStreamReader {
  cancel(reason?: unknown): Promise<void>;
  readonly closed: Promise<undefined>;
}

/** Locks the stream for good. The lock's holder reads with `readChunk`. */
export function lock(stream: ReadableStream): ReadableStreamReader {
  return getReader.call(stream);
}

/** "ReadableStreamDefaultReaderRead" on a stream locked before. May call back at once. */
export function readChunk(stream: ReadableStream, request: ReadRequest): void {
  const state = stream as unknown as Internals;
  state._disturbed = true;
  if (state._state === "closed") request._closeSteps();
  else if (state._state === "errored") request._errorSteps(state._storedError);
  else (state._readableStreamController[PULL_STEPS] as (request: ReadRequest) => void).call(state._readableStreamController, request);
}

/** Bytes in a box without a prototype: what a promise is resolved with is searched for a `then`. */
export interface Boxed {
  bytes: Uint8Array<ArrayBuffer>;
}

export function box(bytes: Uint8Array<ArrayBuffer>): Boxed {
  return { __proto__: null, bytes } as Boxed;
}

/** All bytes of a stream. */
export function readAllBytes(stream: ReadableStream): Promise<Boxed> {
  const reader = lock(stream);
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    // Chunks that are queued already come at once: a loop, lest a long queue become a deep stack.
    let again = false;
    let looping = false;
    const next = (): void => {
      again = true;
      if (looping) return;
      looping = true;
      while (again) {
        again = false;
        readChunk(stream, request);
      }
      looping = false;
    };
    const request: ReadRequest = {
      _chunkSteps(chunk) {
        let bytes: Uint8Array;
        try {
          bytes = chunkBytes(chunk);
        } catch (error) {
          void promiseThen(reader.cancel(error), undefined, () => {});
          reject(error);
          return;
        }
        chunks[chunks.length] = bytes;
        length += bytes.byteLength;
        next();
      },
      _closeSteps: () => resolve(box(concatBytes(chunks, length))),
      _errorSteps: reject,
    };
    next();
  });
}
