// JSON Web Keys (RFC 7517, 7518, 8037) as Web Cryptography reads and writes them: the dictionary and what is checked of every key.
// What the numbers of a key mean is its algorithm's business.

import { KEY_USAGES, type KeyUsage } from "./crypto-key.ts";
import { DOMException } from "./dom-exception.ts";
import { native } from "./native.ts";
import type { Bytes } from "./crypto-params.ts";
import { isObject, iterateBy, toDOMString } from "./webidl.ts";

/** The members that are strings, in the order in which a dictionary is read, with the two lists and `ext` among them. */
const MEMBERS = ["alg", "crv", "d", "dp", "dq", "e", "ext", "k", "key_ops", "kty", "n", "oth", "p", "q", "qi", "use", "x", "y"] as const;
type NumberName = "d" | "dp" | "dq" | "e" | "k" | "n" | "p" | "q" | "qi" | "x" | "y";

export interface JsonWebKey extends Partial<Record<NumberName | "alg" | "crv" | "kty" | "use", string>> {
  ext?: boolean;
  key_ops?: string[];
  oth?: object[];
}

export function dataError(message: string): DOMException {
  return new DOMException(message, "DataError");
}

/** The dictionary conversion of Web IDL. */
export function toJsonWebKey(value: unknown): JsonWebKey {
  if (value !== undefined && value !== null && !isObject(value)) throw new TypeError("a JSON Web Key must be an object");
  const jwk: Record<string, unknown> = {};
  for (const member of MEMBERS) {
    const given = (value as Record<string, unknown> | null | undefined)?.[member];
    if (given === undefined) continue;
    if (member === "ext") jwk[member] = Boolean(given);
    else if (member === "oth") jwk[member] = [...sequence(given, member)];
    else if (member === "key_ops") jwk[member] = [...sequence(given, member)].map(toDOMString);
    else jwk[member] = toDOMString(given);
  }
  return jwk;
}

function sequence(value: unknown, what: string): Iterable<unknown> {
  return iterateBy(value as object, isObject(value) ? (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] : undefined, what);
}

// Kept before other code can put its own in the place: it is shown what no other code may see.
const { parse } = JSON;

/** The key in the text that was wrapped. */
export function parseJwk(bytes: Uint8Array): JsonWebKey {
  let value: unknown;
  try {
    value = parse(native.utf8Decode(bytes, true, false));
  } catch {
    throw dataError("what was unwrapped is no JSON Web Key");
  }
  const jwk = toJsonWebKey(value);
  if (jwk.kty === undefined) throw dataError('what was unwrapped is a JSON Web Key without "kty"');
  return jwk;
}

/** What is the same for every kind of key: its kind, what it is for, and whether it may be exported. */
export function checkJwk(jwk: JsonWebKey, kty: string, use: "enc" | "sig", extractable: boolean, usages: readonly KeyUsage[]): void {
  if (jwk.kty !== kty) throw dataError(`the JSON Web Key has "kty" ${JSON.stringify(jwk.kty)} where this algorithm needs "${kty}"`);
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) {
    throw dataError(`the JSON Web Key is for the use "${jwk.use}", and "${use}" is needed`);
  }
  const operations = jwk.key_ops;
  if (operations !== undefined) {
    if (new Set(operations).size !== operations.length) throw dataError('"key_ops" of the JSON Web Key lists an operation twice');
    const missing = usages.find((usage) => !operations.includes(usage));
    if (missing !== undefined) throw dataError(`"key_ops" of the JSON Web Key does not list "${missing}"`);
  }
  if (jwk.ext === false && extractable) throw dataError('the JSON Web Key has "ext" false, so it cannot be imported as extractable');
}

/** Refuses a key whose `alg` is there and none of `allowed`. */
export function checkAlg(jwk: JsonWebKey, ...allowed: string[]): void {
  if (jwk.alg !== undefined && !allowed.includes(jwk.alg)) {
    throw dataError(`the JSON Web Key is for "${jwk.alg}", and ${allowed.map((one) => `"${one}"`).join(" or ")} is needed`);
  }
}

/** The numbers of a key, in the order asked for. */
export function jwkParts(jwk: JsonWebKey, names: readonly NumberName[]): Bytes[] {
  const parts: Bytes[] = [];
  for (const name of names) {
    const text = jwk[name];
    if (text === undefined) throw dataError(`the JSON Web Key has no "${name}"`);
    const part = native.base64UrlDecode(text);
    if (part === null) throw dataError(`"${name}" of the JSON Web Key is not base64url without padding`);
    parts.push(part);
  }
  return parts;
}

/** The dictionary of a key, its members in the order of their names. */
export function makeJwk(
  fixed: JsonWebKey,
  names: readonly NumberName[],
  parts: readonly ArrayBuffer[],
  extractable: boolean,
  usages: readonly KeyUsage[],
): JsonWebKey {
  const jwk: Record<string, unknown> = { ...fixed, ext: extractable, key_ops: KEY_USAGES.filter((usage) => usages.includes(usage)) };
  names.forEach((name, i) => {
    if (parts[i] !== undefined) jwk[name] = native.base64UrlEncode(new Uint8Array(parts[i]));
  });
  return Object.fromEntries(MEMBERS.filter((member) => member in jwk).map((member) => [member, jwk[member]]));
}
