// Blob and File (File API). The bytes are in memory; slices share them.

import { native } from "./native.ts";
import { bytesOf, concatBytes, isArrayBuffer, isView } from "./primordials.ts";
import { type ByteStream, memoryStream } from "./streams.ts";
import { defineInterface, isObject, iterateBy, requireArguments, toDictionary, toEnum, toUSVString } from "./webidl.ts";

interface BlobOptions {
  type?: string;
  endings?: string;
}

/** The bytes of a blob: not to be written to. */
export let blobBytes: (blob: Blob) => Uint8Array<ArrayBuffer>;
/** A blob over `bytes` themselves, with a type that is as it should be already. */
export let blobOf: (bytes: Uint8Array<ArrayBuffer>, type: string) => Blob;
export let isBlob: (value: object) => value is Blob;

function typeOf(value: unknown): string {
  const type = value === undefined ? "" : `${value as string}`;
  return /[^\x20-\x7e]/.test(type) ? "" : type.toLowerCase();
}

type Part = Uint8Array | string;

/** The parts as Web IDL converts them: one by one while iterating, strings at once. */
function convertParts(parts: unknown): Part[] {
  if (parts === undefined) return [];
  const method = isObject(parts) ? (parts as Iterable<unknown>)[Symbol.iterator] : undefined;
  const converted: Part[] = [];
  for (const part of iterateBy(parts as object, method, "the first argument of Blob")) {
    if (isView(part) || isArrayBuffer(part)) converted.push(bytesOf(part));
    else converted.push(isObject(part) && isBlob(part) ? blobBytes(part) : toUSVString(part));
  }
  return converted;
}

export class Blob {
  #bytes: Uint8Array<ArrayBuffer>;
  #type: string;

  static {
    blobOf = (bytes, type) => {
      const blob = new Blob();
      blob.#bytes = bytes;
      blob.#type = type;
      return blob;
    };
    blobBytes = (blob) => blob.#bytes;
    isBlob = (value): value is Blob => #bytes in value;
  }

  constructor(parts?: Iterable<unknown>, options?: BlobOptions) {
    const converted = convertParts(parts);
    const { endings, type } = toDictionary<Required<BlobOptions>>(options, "Blob options");
    const nativeEndings = endings !== undefined && toEnum(endings, ["transparent", "native"], "Blob endings") === "native";
    this.#type = typeOf(type);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (const part of converted) {
      const text = nativeEndings && typeof part === "string" ? part.replace(/\r\n?|\n/g, "\n") : part;
      const bytes = typeof text === "string" ? native.utf8Encode(text) : text;
      chunks.push(bytes);
      length += bytes.byteLength;
    }
    this.#bytes = concatBytes(chunks, length);
  }

  get size(): number {
    return this.#bytes.byteLength;
  }
  get type(): string {
    return this.#type;
  }

  slice(start?: number, end?: number, contentType?: string): Blob {
    const size = this.#bytes.byteLength;
    const from = clampIndex(start, 0, size);
    const to = clampIndex(end, size, size);
    return blobOf(this.#bytes.subarray(from, Math.max(from, to)), typeOf(contentType));
  }

  async text(): Promise<string> {
    return native.utf8Decode(this.#bytes, false, false);
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer;
  }
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#bytes.slice();
  }
  stream(): ByteStream {
    const bytes = this.#bytes;
    return memoryStream(() => bytes);
  }
}

/** A position of `slice`: negative counts from the end. `[Clamp] long long`: to the nearest integer, halves to the even one. */
function clampIndex(value: number | undefined, fallback: number, size: number): number {
  if (value === undefined) return fallback;
  const number = Number(value) || 0;
  const floor = Math.floor(number);
  const up = number - floor > 0.5 || (number - floor === 0.5 && floor % 2 !== 0);
  const index = up ? floor + 1 : floor;
  return index < 0 ? Math.max(size + index, 0) : Math.min(index, size);
}

export class File extends Blob {
  #name: string;
  #lastModified: number;

  constructor(parts: Iterable<unknown>, name: string, options?: BlobOptions & { lastModified?: number }) {
    requireArguments(arguments.length, 2, "File");
    super(parts, options);
    this.#name = toUSVString(name);
    const { lastModified } = toDictionary<{ lastModified: number }>(options, "File options");
    this.#lastModified = lastModified === undefined ? Date.now() : Math.trunc(Number(lastModified)) || 0;
  }
  get name(): string {
    return this.#name;
  }
  get lastModified(): number {
    return this.#lastModified;
  }
  get webkitRelativePath(): string {
    void this.#name;
    return "";
  }
}

defineInterface(Blob, "Blob", 0, { slice: 0 });
defineInterface(File, "File", 2);
