// TextEncoder and TextDecoder (Encoding standard). UTF-8, UTF-16 and windows-1252; the other legacy encodings are
// refused by name. The stream forms are in encoding-streams.ts.

import { native } from "./native.ts";
import { bytesOf, isArrayBuffer, isView } from "./primordials.ts";
import { decodeWindows1252, WINDOWS_1252_LABELS } from "./windows-1252.ts";
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

const UTF8_LABELS = ["unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "utf-8", "utf8", "x-unicode20utf8"];
const UTF16LE_LABELS = ["csunicode", "iso-10646-ucs-2", "ucs-2", "unicode", "unicodefeff", "utf-16", "utf-16le"];
const UTF16BE_LABELS = ["unicodefffe", "utf-16be"];

/** The name of the encoding a label stands for (Encoding, 4.2), or a RangeError. */
function encodingFor(label: string): string {
  const key = label.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase();
  if (UTF8_LABELS.includes(key)) return "utf-8";
  if (UTF16LE_LABELS.includes(key)) return "utf-16le";
  if (UTF16BE_LABELS.includes(key)) return "utf-16be";
  if (WINDOWS_1252_LABELS.includes(key)) return "windows-1252";
  throw new RangeError(`TextDecoder does not know the encoding "${label}"; utf-8, utf-16le, utf-16be and windows-1252 (latin1) are available`);
}

/** How many bytes at the end of `bytes` are the start of a UTF-8 sequence that may still be completed. */
function incompleteTail(bytes: Uint8Array): number {
  const end = bytes.length;
  for (let back = 1; back <= 3 && back <= end; back++) {
    const lead = bytes[end - back] as number;
    if ((lead & 0xc0) === 0x80) continue;
    const size = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 1;
    if (size <= back) return 0;
    if (back > 1) {
      // The second byte may already rule the sequence out: overlong forms, surrogates, above U+10FFFF.
      const second = bytes[end - back + 1] as number;
      const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      if (second < low || second > high) return 0;
    }
    return back;
  }
  return 0;
}

const NO_BYTES = new Uint8Array(0);
/** So many UTF-16 units become text at a time, which bounds the arguments of one call. */
const UNITS_PER_CALL = 4096;

interface DecodeOptions {
  stream?: boolean;
}

export class TextDecoder {
  #encoding: string;
  #fatal: boolean;
  #ignoreBOM: boolean;
  // Bytes of a character whose end has not arrived; only while streaming.
  #pending: Uint8Array = NO_BYTES;
  #bomSeen = false;
  #streaming = false;

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
    if (!this.#streaming) {
      this.#pending = NO_BYTES;
      this.#bomSeen = false;
    }
    const stream = Boolean(toDictionary<Required<DecodeOptions>>(options, "TextDecoder.decode options").stream);
    this.#streaming = stream;
    let bytes = input === undefined ? NO_BYTES : viewedBytes(input);
    if (this.#encoding === "windows-1252") return decodeWindows1252(bytes);
    if (this.#encoding === "utf-8" && !stream && this.#pending.length === 0) {
      return native.utf8Decode(bytes, this.#fatal, this.#ignoreBOM || this.#bomSeen);
    }
    if (this.#pending.length > 0) {
      const joined = new Uint8Array(this.#pending.length + bytes.length);
      joined.set(this.#pending);
      joined.set(bytes, this.#pending.length);
      bytes = joined;
      this.#pending = NO_BYTES;
    }
    try {
      return this.#encoding === "utf-8" ? this.#utf8(bytes, stream) : this.#utf16(bytes, stream);
    } catch (error) {
      // The standard starts afresh after a fatal error.
      this.#streaming = false;
      throw error;
    }
  }

  #utf8(bytes: Uint8Array, stream: boolean): string {
    const held = stream ? incompleteTail(bytes) : 0;
    const ready = held === 0 ? bytes : bytes.subarray(0, bytes.length - held);
    if (held > 0) this.#pending = bytes.slice(bytes.length - held);
    const text = native.utf8Decode(ready, this.#fatal, this.#ignoreBOM || this.#bomSeen);
    if (ready.length > 0) this.#bomSeen = true;
    return text;
  }

  #utf16(bytes: Uint8Array, stream: boolean): string {
    const little = this.#encoding === "utf-16le";
    let end = bytes.length & ~1;
    const unit = (at: number): number => {
      const first = bytes[at] as number;
      const second = bytes[at + 1] as number;
      return little ? (second << 8) | first : (first << 8) | second;
    };
    // A high surrogate at the end waits for its other half.
    if (stream && end >= 2 && (unit(end - 2) & 0xfc00) === 0xd800) end -= 2;
    let text = "";
    let from = 0;
    if (end > 0 && !this.#bomSeen) {
      this.#bomSeen = true;
      if (!this.#ignoreBOM && unit(0) === 0xfeff) from = 2;
    }
    for (let at = from; at < end; at += 2 * UNITS_PER_CALL) {
      const units: number[] = [];
      for (let i = at; i < end && i < at + 2 * UNITS_PER_CALL; i += 2) units.push(unit(i));
      text += String.fromCharCode(...units);
    }
    const odd = end < bytes.length;
    if (odd && stream) this.#pending = bytes.slice(end);
    const bad = (odd && !stream) || !text.isWellFormed();
    if (bad && this.#fatal) throw new TypeError(`TextDecoder (fatal): the data is not valid ${this.#encoding}`);
    return text.toWellFormed() + (odd && !stream ? "\uFFFD" : "");
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
defineInterface(TextDecoder, "TextDecoder", 0);
