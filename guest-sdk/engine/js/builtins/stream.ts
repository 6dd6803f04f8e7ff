// node:stream: the `readable-stream` package, which is Node's own.

import stream from "readable-stream";

export const {
  Duplex, PassThrough, Readable, Stream, Transform, Writable, addAbortSignal, compose, destroy, finished, pipeline, promises,
} = stream;
export default stream;
