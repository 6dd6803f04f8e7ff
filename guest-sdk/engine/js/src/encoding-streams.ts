// TextEncoderStream and TextDecoderStream (Encoding, 7.6 and 7.7).

import { TextDecoder, viewedBytes } from "./encoding.ts";
import { native } from "./native.ts";
import { type ReadableStream, TransformStream, type WritableStream } from "./streams.ts";
import { defineInterface, toDOMString } from "./webidl.ts";

export class TextEncoderStream {
  #transform: TransformStream;
  // A high surrogate at the end of a chunk waits for its other half.
  #high = "";

  constructor() {
    this.#transform = new TransformStream({
      transform: (chunk, controller) => {
        const text = this.#high + toDOMString(chunk);
        this.#high = "";
        const last = text.charCodeAt(text.length - 1);
        const split = last >= 0xd800 && last <= 0xdbff ? text.length - 1 : text.length;
        this.#high = text.slice(split);
        if (split > 0) controller.enqueue(native.utf8Encode(text.slice(0, split)));
      },
      flush: (controller) => {
        if (this.#high !== "") controller.enqueue(native.utf8Encode(this.#high));
      },
    });
  }
  get encoding(): string {
    void this.#transform;
    return "utf-8";
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

export class TextDecoderStream {
  #decoder: TextDecoder;
  #transform: TransformStream;

  constructor(label: string = "utf-8", options?: { fatal?: boolean; ignoreBOM?: boolean }) {
    const decoder = new TextDecoder(label, options);
    this.#decoder = decoder;
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        const text = decoder.decode(viewedBytes(chunk), { stream: true });
        if (text !== "") controller.enqueue(text);
      },
      flush(controller) {
        const text = decoder.decode();
        if (text !== "") controller.enqueue(text);
      },
    });
  }
  get encoding(): string {
    return this.#decoder.encoding;
  }
  get fatal(): boolean {
    return this.#decoder.fatal;
  }
  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

defineInterface(TextEncoderStream, "TextEncoderStream", 0);
defineInterface(TextDecoderStream, "TextDecoderStream", 0);
