// crypto (Web Cryptography): random values and digests. The algorithms are native; operations that need keys are
// refused by name until they are there.

import { DOMException } from "./dom-exception.ts";
import { viewedBytes } from "./encoding.ts";
import { type DigestName, native } from "./native.ts";
import { isView } from "./primordials.ts";
import { defineInterface, isObject, requireArguments, toDOMString } from "./webidl.ts";

/** Web Cryptography, 10.1.1. */
const MAX_RANDOM_BYTES = 65_536;
const DIGESTS: readonly DigestName[] = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const RANDOM_ARRAYS = [
  "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
  "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array",
];
const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

let constructing = true;

function refuseConstruction(name: string, instead: string): void {
  if (!constructing) throw new TypeError(`${name} cannot be constructed; use ${instead}`);
}

function digestName(algorithm: unknown): DigestName {
  const name = toDOMString(isObject(algorithm) ? (algorithm as { name?: unknown }).name : algorithm);
  const found = DIGESTS.find((one) => one === name.toUpperCase());
  if (found !== undefined) return found;
  throw new DOMException(`crypto.subtle.digest does not know "${name}"; ${DIGESTS.join(", ")} are available`, "NotSupportedError");
}

function notYet(operation: string): () => Promise<never> {
  return {
    async [operation](): Promise<never> {
      throw new DOMException(`crypto.subtle.${operation} is not available in this runtime; digest is`, "NotSupportedError");
    },
  }[operation] as () => Promise<never>;
}

export class SubtleCrypto {
  #brand = true;

  constructor() {
    refuseConstruction("SubtleCrypto", "crypto.subtle");
  }

  async digest(algorithm: unknown, data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer> {
    void this.#brand;
    requireArguments(arguments.length, 2, "crypto.subtle.digest");
    const bytes = viewedBytes(data);
    return native.digest(digestName(algorithm), bytes);
  }
}

for (const operation of [
  "encrypt", "decrypt", "sign", "verify", "generateKey", "deriveKey", "deriveBits",
  "importKey", "exportKey", "wrapKey", "unwrapKey",
]) {
  Object.defineProperty(SubtleCrypto.prototype, operation, { value: notYet(operation), writable: true, configurable: true });
}

export class CryptoKey {
  constructor() {
    throw new TypeError("CryptoKey cannot be constructed");
  }
}

export class Crypto {
  #subtle: SubtleCrypto;

  constructor() {
    refuseConstruction("Crypto", "the global crypto");
    this.#subtle = new SubtleCrypto();
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
      throw new DOMException(
        `crypto.getRandomValues gives at most ${MAX_RANDOM_BYTES} bytes a call, and ${array.byteLength} were asked for; call it several times`,
        "QuotaExceededError",
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

defineInterface(SubtleCrypto, "SubtleCrypto", 0);
defineInterface(CryptoKey, "CryptoKey", 0);
defineInterface(Crypto, "Crypto", 0);
