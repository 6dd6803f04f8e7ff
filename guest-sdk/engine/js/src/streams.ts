// Streams: web-streams-polyfill, which follows the standard's reference implementation, made into proper interfaces,
// and the few operations bodies need on them.

import {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { promiseThen } from "./primordials.ts";
import { defineInterface } from "./webidl.ts";

export const streamClasses = {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
};

// Constructor lengths are the library's own; they follow the standard.
for (const [name, cls] of Object.entries(streamClasses)) defineInterface(cls as never, name, (cls as { length: number }).length);

// The library makes a stand-in for %AsyncIteratorPrototype%, which is there.
const { prototype: generator } = async function* () {};
const streamIterator = Object.getPrototypeOf(new ReadableStream().values()) as object;
Object.setPrototypeOf(streamIterator, Object.getPrototypeOf(Object.getPrototypeOf(generator)) as object);

export { ReadableStream, ReadableStreamDefaultController, TransformStream, WritableStream };

/** What the library keeps on a stream and its public interface does not show. */
interface StreamInternals {
  _disturbed: boolean;
  _readableStreamController: object;
  _state: "readable" | "closed" | "errored" | "writable" | "erroring";
}

export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

export function isReadableStream(value: unknown): value is ReadableStream {
  return value instanceof ReadableStream;
}

export function isByteStream(stream: ReadableStream): boolean {
  return (stream as unknown as StreamInternals)._readableStreamController instanceof ReadableByteStreamController;
}

/** Whether something was read from the stream, or it was cancelled. */
export function isDisturbed(stream: ReadableStream): boolean {
  return (stream as unknown as StreamInternals)._disturbed;
}

/** For inspection: where the stream stands. */
export function streamState(stream: object): string {
  return (stream as StreamInternals)._state;
}

/** A byte stream that takes its chunks from `next` until that says `null`. The chunks' buffers must be ours to give away. */
export function byteStream(next: () => Promise<Uint8Array<ArrayBuffer> | null>, cancel?: (reason: unknown) => void): ByteStream {
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      for (;;) {
        const chunk = await next();
        if (chunk === null) {
          controller.close();
          // A reader that brought its own buffer is answered with nothing.
          controller.byobRequest?.respond(0);
          return;
        }
        if (chunk.byteLength === 0) continue;
        controller.enqueue(chunk);
        return;
      }
    },
    cancel,
  }) as ByteStream;
}

/** A byte stream over memory, in one chunk. Copies, because reading gives the buffer away. */
export function memoryStream(read: () => Uint8Array): ByteStream {
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const bytes = read();
      if (bytes.byteLength > 0) controller.enqueue(bytes.slice());
      controller.close();
      controller.byobRequest?.respond(0);
    },
  }) as ByteStream;
}

/** Makes a stream whose content went elsewhere look read: locked and disturbed. */
export function markConsumed(stream: ReadableStream): void {
  void promiseThen(stream.getReader().cancel(), undefined, () => {});
}

/** A chunk of a body as bytes, or a TypeError that says what came instead. */
export function chunkBytes(chunk: unknown): Uint8Array<ArrayBuffer> {
  if (chunk instanceof Uint8Array) return chunk as Uint8Array<ArrayBuffer>;
  const got = typeof chunk === "string" ? "a string; encode it with TextEncoder or pipe through a TextEncoderStream" : `${chunk === null ? "null" : typeof chunk}`;
  throw new TypeError(`a body stream must give Uint8Array chunks, but gave ${got}`);
}
