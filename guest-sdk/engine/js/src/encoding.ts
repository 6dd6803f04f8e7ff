// TextEncoder and TextDecoder (Encoding standard). The decoders themselves are native; the stream forms are in
// encoding-streams.ts.

import { type DecoderState, native } from "./native.ts";
import { bytesOf, isArrayBuffer, isView } from "./primordials.ts";
import { defineInterface, isObject, toDictionary, toDOMString, toUSVString } from "./webidl.ts";

export class TextEncoder {
  // A brand: methods must refuse objects that are not encoders.
  #brand = true;

  get encoding(): string {
    void this.#brand;
    return "utf-8";
  }

  encode(input: string = ""): Uint8Array<ArrayBuffer> {
    void this.#brand;
    return native.utf8Encode(toDOMString(input));
  }

  encodeInto(source: string, destination: Uint8Array): { read: number; written: number } {
    void this.#brand;
    const text = toUSVString(source);
    if (!(destination instanceof Uint8Array)) throw new TypeError("TextEncoder.encodeInto needs a Uint8Array to write to");
    const room = destination.length;
    let read = 0;
    let written = 0;
    // Also that of a buffer that went elsewhere, which cannot be written to.
    if (room === 0) return { read, written };
    // A character of UTF-16 is at most three bytes of UTF-8, so no more than `room` of them can ever be read.
    const bytes = native.utf8Encode(text.slice(0, room));
    if (bytes.length <= room && text.length <= room) {
      destination.set(bytes);
      return { read: text.length, written: bytes.length };
    }
    while (read < text.length) {
      const code = text.codePointAt(read) as number;
      const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      if (written + size > room) break;
      written += size;
      read += code > 0xffff ? 2 : 1;
    }
    destination.set(native.utf8Encode(text.slice(0, read)));
    return { read, written };
  }
}

/** The name of the encoding a label stands for (Encoding, 4.2), or a RangeError. */
function encodingFor(label: string): string {
  const known = label === "utf-8" ? label : native.encodingFor(label);
  if (known === null) throw new RangeError(`TextDecoder does not know the encoding "${label}"`);
  return known;
}

const NO_BYTES = new Uint8Array(0);

interface DecodeOptions {
  stream?: boolean;
}

export class TextDecoder {
  #encoding: string;
  #fatal: boolean;
  #ignoreBOM: boolean;
  // What is kept between two chunks; only while streaming.
  #decoder: DecoderState | null = null;

  constructor(label: string = "utf-8", options?: { fatal?: boolean; ignoreBOM?: boolean }) {
    this.#encoding = encodingFor(toDOMString(label));
    const { fatal, ignoreBOM } = toDictionary<{ fatal: boolean; ignoreBOM: boolean }>(options, "TextDecoder options");
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
  }

  get encoding(): string {
    return this.#encoding;
  }
  get fatal(): boolean {
    return this.#fatal;
  }
  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  decode(input?: ArrayBuffer | ArrayBufferView, options?: DecodeOptions): string {
    const bytes = input === undefined ? NO_BYTES : viewedBytes(input);
    const stream = Boolean(toDictionary<Required<DecodeOptions>>(options, "TextDecoder.decode options").stream);
    const started = this.#decoder;
    // Whole UTF-8, which is nearly all there is, needs no state.
    if (started === null && !stream && this.#encoding === "utf-8") return native.utf8Decode(bytes, this.#fatal, this.#ignoreBOM);
    const decoder = started ?? native.decoderNew(this.#encoding, this.#ignoreBOM);
    // The end and a fatal error both start afresh.
    this.#decoder = null;
    const text = native.decoderRun(decoder, bytes, this.#fatal, !stream);
    if (stream) this.#decoder = decoder;
    return text;
  }
}

/** The bytes of a BufferSource argument. */
export function viewedBytes(input: unknown): Uint8Array<ArrayBuffer> {
  if (isView(input)) return bytesOf(input);
  if (isArrayBuffer(input)) return bytesOf(input);
  if (isObject(input) && input instanceof SharedArrayBuffer) return new Uint8Array(input as unknown as ArrayBuffer);
  throw new TypeError("expected an ArrayBuffer, a typed array or a DataView");
}

defineInterface(TextEncoder, "TextEncoder");
defineInterface(TextDecoder, "TextDecoder", 0, { decode: 0 });
