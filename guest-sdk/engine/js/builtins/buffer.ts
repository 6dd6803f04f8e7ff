// node:buffer: the `buffer` package, with `base64url`, which it does not know, and the web's own classes beside it.

import * as all from "buffer";

const URL_SAFE = "base64url";
type Any = (...args: never[]) => never;

// The package declares its class and nothing else.
const { Buffer } = all;
const { INSPECT_MAX_BYTES, kMaxLength, SlowBuffer } = all as unknown as { INSPECT_MAX_BYTES: number; kMaxLength: number; SlowBuffer: Any };

const isUrlSafe = (encoding: unknown): boolean => typeof encoding === "string" && encoding.toLowerCase() === URL_SAFE;
/** The package's base64 decoder takes both alphabets; its encoder knows one. */
const known = (encoding: unknown): unknown => (isUrlSafe(encoding) ? "base64" : encoding);

/** Puts `wrap(the method)` in the method's place. */
function extend(holder: object, name: string, wrap: (inner: Any) => unknown): void {
  const inner = Reflect.get(holder, name) as Any;
  Object.defineProperty(holder, name, { value: wrap(inner), writable: true, configurable: true, enumerable: true });
}

/** Translates the encoding wherever it stands among the arguments. */
const translated = (inner: Any) =>
  function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(inner, this, args.map((arg, at) => (at > 0 ? known(arg) : arg)));
  };

extend(Buffer, "isEncoding", (inner) => (encoding: unknown) => isUrlSafe(encoding) || Reflect.apply(inner, Buffer, [encoding]));
for (const name of ["from", "alloc", "byteLength"]) extend(Buffer, name, translated);
for (const name of ["write", "fill", "indexOf", "lastIndexOf", "includes"]) extend(Buffer.prototype, name, translated);
extend(Buffer.prototype, "toString", (inner) =>
  function (this: unknown, encoding?: unknown, ...range: unknown[]): string {
    const text = Reflect.apply(inner, this, [known(encoding), ...range]) as string;
    return isUrlSafe(encoding) ? text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") : text;
  });

const { TextDecoder } = globalThis as unknown as { TextDecoder: new (label: string, options: object) => { decode(bytes: unknown): string } };

function isUtf8(bytes: ArrayBufferView | ArrayBuffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function isAscii(bytes: ArrayBufferView | ArrayBuffer): boolean {
  const all = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
  return all.every((byte) => byte < 128);
}

const { atob, btoa, Blob, File } = globalThis as unknown as Record<"atob" | "btoa" | "Blob" | "File", Any>;
const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 2 ** 29 - 24 };

export { Buffer, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer, atob, btoa, Blob, File, constants, isAscii, isUtf8 };
export default { Buffer, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer, atob, btoa, Blob, File, constants, isAscii, isUtf8 };
