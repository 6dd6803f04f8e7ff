// The dictionaries that the operations of Web Cryptography take: which members each has, and how they are converted. Which algorithm
// takes which of them is said where the algorithm is.

import { type KeySlots, slotsOf } from "./crypto-key.ts";
import { DOMException } from "./dom-exception.ts";
import type { DigestName } from "./native.ts";
import { bytesOf, isArrayBuffer, isView } from "./primordials.ts";
import { isObject, toDOMString } from "./webidl.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** An algorithm's dictionary, converted. */
export interface Params {
  readonly name: string;
}

export interface HashParams extends Params {
  readonly hash: DigestName;
}
export interface LengthParams extends Params {
  readonly length: number;
}
export interface HmacParams extends HashParams {
  readonly length?: number;
}
export interface CbcParams extends Params {
  readonly iv: Bytes;
}
export interface CtrParams extends Params {
  readonly counter: Bytes;
  readonly length: number;
}
export interface GcmParams extends Params {
  readonly iv: Bytes;
  readonly additionalData?: Bytes;
  readonly tagLength?: number;
}
export interface CurveParams extends Params {
  readonly namedCurve: string;
}
export interface AgreeParams extends Params {
  readonly public: KeySlots;
}
export interface HkdfParams extends HashParams {
  readonly salt: Bytes;
  readonly info: Bytes;
}
export interface Pbkdf2Params extends HashParams {
  readonly salt: Bytes;
  readonly iterations: number;
}
export interface RsaKeyGenParams extends HashParams {
  readonly modulusLength: number;
  readonly publicExponent: Bytes;
}
export interface PssParams extends Params {
  readonly saltLength: number;
}
export interface OaepParams extends Params {
  readonly label?: Bytes;
}

type Convert = (value: unknown, what: string) => unknown;

/** Members in the order in which they are read. */
export type Members = readonly (readonly [name: string, convert: Convert, optional?: "optional"])[];

const DIGESTS: readonly DigestName[] = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/** A conversion of Web IDL's that refuses numbers out of range. */
const integer = (max: number): Convert => (value, what) => {
  const number = Math.trunc(Number(value));
  if (!(number >= 0 && number <= max)) throw new TypeError(`${what} must be a whole number from 0 to ${max}`);
  // No negative zero.
  return number + 0;
};
const octet = integer(0xff);
const unsignedShort = integer(0xffff);
const unsignedLong = integer(0xffff_ffff);

const bytes: Convert = (value, what) => bufferSource(value, what).slice();

const bigInteger: Convert = (value, what) => {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what} must be a Uint8Array, the number's bytes, the highest first`);
  return (value as Bytes).slice();
};

const hash: Convert = (value, what) => {
  const name = algorithmName(value, what);
  const found = named(DIGESTS, name);
  if (found === undefined) throw new DOMException(`${what} "${name}" is not known; ${DIGESTS.join(", ")} are available`, "NotSupportedError");
  return found;
};

export const NONE: Members = [];
export const HASH: Members = [["hash", hash]];
export const AES_LENGTH: Members = [["length", unsignedShort]];
export const HMAC: Members = [["hash", hash], ["length", unsignedLong, "optional"]];
export const CBC: Members = [["iv", bytes]];
export const CTR: Members = [["counter", bytes], ["length", octet]];
export const GCM: Members = [["additionalData", bytes, "optional"], ["iv", bytes], ["tagLength", octet, "optional"]];
export const CURVE: Members = [["namedCurve", toDOMString]];
export const AGREE: Members = [["public", slotsOf]];
export const HKDF: Members = [["hash", hash], ["info", bytes], ["salt", bytes]];
export const PBKDF2: Members = [["hash", hash], ["iterations", unsignedLong], ["salt", bytes]];
export const RSA_KEY_GEN: Members = [["modulusLength", unsignedLong], ["publicExponent", bigInteger], ["hash", hash]];
export const PSS: Members = [["saltLength", unsignedLong]];
export const OAEP: Members = [["label", bytes, "optional"]];

/** The bytes of a BufferSource, not copied; a TypeError for everything else. */
export function bufferSource(value: unknown, what: string): Bytes {
  if (isView(value) || isArrayBuffer(value)) return bytesOf(value);
  throw new TypeError(`${what} must be an ArrayBuffer, a typed array or a DataView`);
}

/** The one of `names` that is `name` but for the case of ASCII letters. */
export function named<T extends string>(names: readonly T[], name: string): T | undefined {
  const lower = asciiLower(name);
  return names.find((one) => asciiLower(one) === lower);
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The name in an AlgorithmIdentifier, which is an object or the name itself. */
export function algorithmName(algorithm: unknown, what: string): string {
  if (!isObject(algorithm)) return toDOMString(algorithm);
  const { name } = algorithm as { name?: unknown };
  if (name === undefined) throw new TypeError(`${what} must have a name`);
  return toDOMString(name);
}

/** Reads the members of an algorithm's dictionary; `name` has been read. */
export function readParams(name: string, algorithm: unknown, members: Members): Params {
  const params: Record<string, unknown> = { name };
  for (const [member, convert, optional] of members) {
    const value = isObject(algorithm) ? (algorithm as Record<string, unknown>)[member] : undefined;
    if (value !== undefined) params[member] = convert(value, `${name}: ${member}`);
    else if (optional === undefined) throw new TypeError(`${name} needs the member "${member}"`);
  }
  return params as unknown as Params;
}
