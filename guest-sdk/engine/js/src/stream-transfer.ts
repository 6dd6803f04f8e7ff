// Transferring streams (Streams, 8.2). Both owners are in one memory, so what stands between them is a stream over the old one, which stays
// locked, with a clone of each chunk.

import { promiseThen } from "./primordials.ts";
import { ReadableStream, TransformStream, WritableStream } from "./streams.ts";
import { registerTransferable, structuredClone } from "./structured-clone.ts";

const LOCKED = "is locked to a reader or writer, so it cannot be transferred";

function moveReadable(stream: ReadableStream): ReadableStream {
  const reader = stream.getReader();
  return new ReadableStream(
    {
      pull: (controller) =>
        promiseThen(reader.read(), ({ done, value }) => {
          if (done) controller.close();
          else controller.enqueue(structuredClone(value));
        }) as Promise<void>,
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function moveWritable(stream: WritableStream): WritableStream {
  const writer = stream.getWriter();
  return new WritableStream({
    write: (chunk) => writer.write(structuredClone(chunk)),
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason),
  });
}

/** What the library keeps on a transform stream. */
interface Sides {
  _readable: ReadableStream;
  _writable: WritableStream;
}

registerTransferable({
  is: (value) => value instanceof ReadableStream,
  refusal: (value) => ((value as ReadableStream).locked ? LOCKED : null),
  move: (value) => moveReadable(value as ReadableStream),
});

registerTransferable({
  is: (value) => value instanceof WritableStream,
  refusal: (value) => ((value as WritableStream).locked ? LOCKED : null),
  move: (value) => moveWritable(value as WritableStream),
});

registerTransferable({
  is: (value) => value instanceof TransformStream,
  refusal: (value) => ((value as TransformStream).readable.locked || (value as TransformStream).writable.locked ? LOCKED : null),
  move(value) {
    const { readable, writable } = value as TransformStream;
    const moved = new TransformStream();
    Object.assign(moved as unknown as Sides, { _readable: moveReadable(readable), _writable: moveWritable(writable) });
    return moved;
  },
});
