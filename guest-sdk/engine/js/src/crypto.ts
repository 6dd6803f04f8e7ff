// crypto (Web Cryptography): random values. What needs algorithms and keys is in crypto-subtle.ts.

import { subtle, type SubtleCrypto } from "./crypto-subtle.ts";
import { DOMException, QuotaExceededError } from "./dom-exception.ts";
import { native } from "./native.ts";
import { isView } from "./primordials.ts";
import { defineInterface, requireArguments } from "./webidl.ts";

/** Web Cryptography, 10.1.1. */
const MAX_RANDOM_BYTES = 65_536;
const RANDOM_ARRAYS = [
  "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
  "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array",
];
const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

let constructing = true;

export class Crypto {
  #subtle: SubtleCrypto;

  constructor() {
    if (!constructing) throw new TypeError("Crypto cannot be constructed; use the global crypto");
    this.#subtle = subtle;
  }

  get subtle(): SubtleCrypto {
    return this.#subtle;
  }

  getRandomValues<T extends ArrayBufferView>(array: T): T {
    void this.#subtle;
    requireArguments(arguments.length, 1, "crypto.getRandomValues");
    if (!isView(array)) throw new TypeError("crypto.getRandomValues needs a typed array of integers");
    const kind = typedArrayTag.call(array);
    if (kind === undefined || !RANDOM_ARRAYS.includes(kind)) {
      throw new DOMException(`crypto.getRandomValues needs a typed array of integers, not a ${kind ?? "DataView"}`, "TypeMismatchError");
    }
    if (array.byteLength > MAX_RANDOM_BYTES) {
      throw new QuotaExceededError(
        `crypto.getRandomValues gives at most ${MAX_RANDOM_BYTES} bytes a call, and ${array.byteLength} were asked for; call it several times`,
      );
    }
    native.randomFill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  }

  randomUUID(): string {
    void this.#subtle;
    return native.randomUUID();
  }
}

export const crypto = new Crypto();
constructing = false;

defineInterface(Crypto, "Crypto", 0);
