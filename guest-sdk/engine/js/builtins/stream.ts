// node:stream: the `readable-stream` package, which is Node's own, and the ways to the web's streams that it leaves out.

import stream from "readable-stream";

declare const ReadableStream: { new (source: object, strategy: object): AsyncIterable<unknown> };

interface Piece extends AsyncIterable<unknown> {
  readonly readableObjectMode: boolean;
  destroy(error?: unknown): unknown;
  on(name: "error", listener: (error: unknown) => void): unknown;
}

Object.assign(stream.Readable, {
  /** Reads on as the reader asks, so that nothing gathers in between. */
  toWeb(readable: Piece): AsyncIterable<unknown> {
    const chunks = readable[Symbol.asyncIterator]();
    return new ReadableStream({
      // Also before anybody reads, and after nobody does any more.
      start: (controller: { error(error: unknown): void }) => void readable.on("error", (error) => controller.error(error)),
      async pull(controller: { enqueue(chunk: unknown): void; close(): void }) {
        const { value, done } = await chunks.next();
        if (done) return controller.close();
        const isBytes = !readable.readableObjectMode && value instanceof Uint8Array;
        controller.enqueue(isBytes ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : value);
      },
      cancel: (reason: unknown) => void readable.destroy(reason ?? undefined),
    }, { highWaterMark: 0 });
  },
  fromWeb: (readable: AsyncIterable<unknown>, options?: object): unknown => stream.Readable.from(readable, { objectMode: false, ...options }),
});

export const {
  Duplex, PassThrough, Readable, Stream, Transform, Writable, addAbortSignal, compose, destroy, finished, pipeline, promises,
} = stream;
export default stream;
