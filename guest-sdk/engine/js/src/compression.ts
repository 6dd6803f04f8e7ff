// CompressionStream and DecompressionStream (Compression standard). The formats are native.

import { type CodecState, type CompressionFormat, native } from "./native.ts";
import { bytesOf, isArrayBuffer, isView } from "./primordials.ts";
import { type ReadableStream, TransformStream, type WritableStream } from "./streams.ts";
import { defineInterface, requireArguments, toEnum } from "./webidl.ts";

const FORMATS: readonly CompressionFormat[] = ["brotli", "deflate", "deflate-raw", "gzip"];

/** A transform that runs its chunks through a codec. */
function codecTransform(codec: CodecState, what: string): TransformStream {
  return new TransformStream({
    transform(chunk, controller) {
      if (!isView(chunk) && !isArrayBuffer(chunk)) throw new TypeError(`${what} takes ArrayBuffers and views of them`);
      native.codecWrite(codec, bytesOf(chunk), (piece) => controller.enqueue(piece));
    },
    flush(controller) {
      native.codecEnd(codec, (piece) => controller.enqueue(piece));
    },
  });
}

export class CompressionStream {
  #transform: TransformStream;

  constructor(format: CompressionFormat) {
    requireArguments(arguments.length, 1, "CompressionStream");
    const name = toEnum(format, FORMATS, "CompressionStream: the format");
    this.#transform = codecTransform(native.codecNew(name, true), "CompressionStream");
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

export class DecompressionStream {
  #transform: TransformStream;

  constructor(format: CompressionFormat) {
    requireArguments(arguments.length, 1, "DecompressionStream");
    const name = toEnum(format, FORMATS, "DecompressionStream: the format");
    this.#transform = codecTransform(native.codecNew(name, false), "DecompressionStream");
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

defineInterface(CompressionStream, "CompressionStream", 1);
defineInterface(DecompressionStream, "DecompressionStream", 1);
