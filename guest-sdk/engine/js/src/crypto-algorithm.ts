// What an algorithm of Web Cryptography is to SubtleCrypto: the operations it takes part in, and checks that several of them make.

import { dataError, type JsonWebKey } from "./crypto-jwk.ts";
import type { KeySlots, KeyUsage } from "./crypto-key.ts";
import type { Bytes, Members, Params } from "./crypto-params.ts";
import { DOMException } from "./dom-exception.ts";

export type Operation =
  | "decrypt"
  | "deriveBits"
  | "digest"
  | "encrypt"
  | "exportKey"
  | "generateKey"
  | "importKey"
  | "keyLength"
  | "sign"
  | "unwrapKey"
  | "verify"
  | "wrapKey";

export type KeyFormat = "raw" | "pkcs8" | "spki" | "jwk";

/** What is imported: bytes in one of the binary formats, or a JSON Web Key. */
export type KeyData =
  | { readonly format: "raw" | "pkcs8" | "spki"; readonly bytes: Bytes }
  | { readonly format: "jwk"; readonly jwk: JsonWebKey };

/** What the caller says of a key that is made or imported. */
export interface KeyWishes {
  readonly extractable: boolean;
  readonly usages: readonly KeyUsage[];
}

export interface Algorithm {
  readonly name: string;
  /** The dictionary of each operation the algorithm is registered for. */
  readonly params: Partial<Record<Operation, Members>>;
  digest?(data: Bytes): ArrayBuffer;
  /** A secret key, or the public and the private key of a pair. */
  generateKey?(params: Params, wishes: KeyWishes): KeySlots | { publicKey: KeySlots; privateKey: KeySlots };
  importKey?(data: KeyData, params: Params, wishes: KeyWishes): KeySlots;
  exportKey?(format: KeyFormat, key: KeySlots): ArrayBuffer | JsonWebKey;
  encrypt?(params: Params, key: KeySlots, data: Bytes): ArrayBuffer;
  decrypt?(params: Params, key: KeySlots, data: Bytes): ArrayBuffer;
  wrapKey?(params: Params, key: KeySlots, data: Bytes): ArrayBuffer;
  unwrapKey?(params: Params, key: KeySlots, data: Bytes): ArrayBuffer;
  sign?(params: Params, key: KeySlots, data: Bytes): ArrayBuffer;
  verify?(params: Params, key: KeySlots, signature: Bytes, data: Bytes): boolean;
  deriveBits?(params: Params, key: KeySlots, length: number | null): ArrayBuffer;
  /** Bits of a key to be derived; `null` where the algorithm takes any number. */
  keyLength?(params: Params): number | null;
}

export function operationError(message: string): DOMException {
  return new DOMException(message, "OperationError");
}

export function invalidAccess(message: string): DOMException {
  return new DOMException(message, "InvalidAccessError");
}

/** What a native gave, or the failure of the operation. */
export function done<T>(result: T | null, message: string): T {
  if (result === null) throw operationError(message);
  return result;
}

/** What a native made of imported data, or the standard's word for data that is no key. */
export function imported<T>(result: T | null, what: string): T {
  if (result === null) throw dataError(`the data is not ${what}`);
  return result;
}

export function checkUsages(name: string, usages: readonly KeyUsage[], allowed: readonly KeyUsage[]): void {
  const other = usages.find((usage) => !allowed.includes(usage));
  if (other === undefined) return;
  const list = allowed.length === 0 ? "nothing" : allowed.map((usage) => `"${usage}"`).join(", ");
  throw new DOMException(`this key of ${name} can be used for ${list}, not for "${other}"`, "SyntaxError");
}

export function refuseFormat(name: string, format: string): DOMException {
  return new DOMException(`${name} keys have no format "${format}"`, "NotSupportedError");
}

export function checkType(key: KeySlots, type: KeySlots["type"], operation: string): void {
  if (key.type !== type) throw invalidAccess(`${operation} needs a ${type} key, and this one is ${key.type}`);
}
