// CryptoKey (Web Cryptography, 13). The material is native and behind a private field: there is no property through which code could
// reach it or change what the key may be used for.

import type { KeyMaterial } from "./native.ts";
import { defineInterface } from "./webidl.ts";

export type KeyType = "public" | "private" | "secret";
export type KeyUsage = "encrypt" | "decrypt" | "sign" | "verify" | "deriveKey" | "deriveBits" | "wrapKey" | "unwrapKey";

/** In the order in which the standard lists the usages of a key. */
export const KEY_USAGES: readonly KeyUsage[] = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

/** What a key says of its algorithm. */
export interface KeyAlgorithm {
  readonly name: string;
  readonly length?: number;
  readonly hash?: { readonly name: string };
  readonly namedCurve?: string;
  readonly modulusLength?: number;
  readonly publicExponent?: Uint8Array;
}

export interface KeySlots {
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  readonly usages: readonly KeyUsage[];
  readonly material: KeyMaterial;
}

let making: KeySlots | null = null;
let slotsIn: (key: object) => KeySlots | undefined;

export class CryptoKey {
  #slots: KeySlots;
  // What the getters show: made once, and the code's to spoil.
  #algorithm: KeyAlgorithm | null = null;
  #usages: KeyUsage[] | null = null;

  constructor() {
    if (making === null) throw new TypeError("CryptoKey cannot be constructed; use crypto.subtle");
    this.#slots = making;
  }

  static {
    slotsIn = (key) => (#slots in key ? key.#slots : undefined);
  }

  get type(): KeyType {
    return this.#slots.type;
  }

  get extractable(): boolean {
    return this.#slots.extractable;
  }

  get algorithm(): KeyAlgorithm {
    this.#algorithm ??= shown(this.#slots.algorithm);
    return this.#algorithm;
  }

  get usages(): KeyUsage[] {
    this.#usages ??= [...this.#slots.usages];
    return this.#usages;
  }
}

defineInterface(CryptoKey, "CryptoKey", 0);

function shown(algorithm: KeyAlgorithm): KeyAlgorithm {
  const { hash, publicExponent } = algorithm;
  return {
    ...algorithm,
    ...(publicExponent === undefined ? {} : { publicExponent: publicExponent.slice() }),
    ...(hash === undefined ? {} : { hash: { ...hash } }),
  };
}

export function makeKey(slots: KeySlots): CryptoKey {
  making = slots;
  try {
    return new CryptoKey();
  } finally {
    making = null;
  }
}

export function isCryptoKey(value: object): value is CryptoKey {
  return slotsIn(value) !== undefined;
}

/** A key of the same material, for structured cloning. */
export function cloneKey(key: CryptoKey): CryptoKey {
  return makeKey(slotsIn(key) as KeySlots);
}

/** What is in a key; a TypeError for everything else. */
export function slotsOf(value: unknown, what: string): KeySlots {
  const slots = typeof value === "object" && value !== null ? slotsIn(value) : undefined;
  if (slots === undefined) throw new TypeError(`${what} must be a CryptoKey`);
  return slots;
}
