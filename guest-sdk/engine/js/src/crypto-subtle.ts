// SubtleCrypto (Web Cryptography, 14): the steps that every algorithm's operations have in common. Nothing here waits, so what a caller
// changes after the call changes nothing; the algorithms are in the files that are listed.

import { type Algorithm, invalidAccess, type KeyData, type KeyFormat, type KeyWishes, type Operation } from "./crypto-algorithm.ts";
import { curveAlgorithms } from "./crypto-curves.ts";
import { derivingAlgorithms } from "./crypto-derive.ts";
import { type JsonWebKey, parseJwk, toJsonWebKey } from "./crypto-jwk.ts";
import { type CryptoKey, KEY_USAGES, type KeySlots, type KeyUsage, makeKey, slotsOf } from "./crypto-key.ts";
import { algorithmName, bufferSource, type Bytes, type Members, named, NONE, type Params, readParams } from "./crypto-params.ts";
import { rsaAlgorithms } from "./crypto-rsa.ts";
import { symmetricAlgorithms } from "./crypto-symmetric.ts";
import { DOMException } from "./dom-exception.ts";
import { type DigestName, native } from "./native.ts";
import { isArrayBuffer, isView } from "./primordials.ts";
import { defineInterface, isObject, iterateBy, requireArguments, toEnum } from "./webidl.ts";

type AlgorithmIdentifier = string | { name: string };
type BufferSource = ArrayBuffer | ArrayBufferView;

interface CryptoKeyPair {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

const FORMATS: readonly KeyFormat[] = ["raw", "pkcs8", "spki", "jwk"];

const digest = (name: DigestName): Algorithm => ({ name, params: { digest: NONE }, digest: (data) => native.digest(name, data) });

const algorithms: readonly Algorithm[] = [
  ...(["SHA-1", "SHA-256", "SHA-384", "SHA-512"] as const).map(digest),
  ...symmetricAlgorithms,
  ...derivingAlgorithms,
  ...curveAlgorithms,
  ...rsaAlgorithms,
];

/** Normalizing an algorithm (18.4.4) for the first of `operations` that it is registered for. `shown` is what the caller called. */
function normalize(identifier: unknown, shown: string, ...operations: Operation[]): { algorithm: Algorithm; params: Params; operation: Operation } {
  const given = algorithmName(identifier, `the algorithm of crypto.subtle.${shown}`);
  for (const operation of operations) {
    const fitting = algorithms.filter((one) => one.params[operation] !== undefined);
    const name = named(fitting.map((one) => one.name), given);
    const algorithm = fitting.find((one) => one.name === name);
    if (algorithm !== undefined) {
      return { algorithm, params: readParams(algorithm.name, identifier, algorithm.params[operation] as Members), operation };
    }
  }
  const available = algorithms.filter((one) => operations.some((operation) => one.params[operation] !== undefined)).map((one) => one.name);
  throw new DOMException(`crypto.subtle.${shown} does not know "${given}"; ${available.join(", ")} are available`, "NotSupportedError");
}

/** Whether a key may be used so: it is one of the algorithm, and was made for this. */
function checkUse(key: KeySlots, { name }: Params, usage: KeyUsage): void {
  if (key.algorithm.name !== name) throw invalidAccess(`the key is for ${key.algorithm.name}, and the algorithm is ${name}`);
  if (!key.usages.includes(usage)) throw invalidAccess(`the key may not be used for "${usage}"; its usages are ${JSON.stringify(key.usages)}`);
}

function toUsages(value: unknown): KeyUsage[] {
  const method = isObject(value) ? (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] : undefined;
  const given = [...iterateBy(value as object, method, "the key usages")].map((usage) => toEnum(usage, KEY_USAGES, "a key usage"));
  return KEY_USAGES.filter((usage) => given.includes(usage));
}

function toFormat(value: unknown): KeyFormat {
  return toEnum(value, FORMATS, "the key format");
}

/** The key, unless it is one that nobody could ever use. */
function usable(key: KeySlots): CryptoKey {
  if (key.type !== "public" && key.usages.length === 0) {
    throw new DOMException(`a ${key.type} key must have a usage`, "SyntaxError");
  }
  return makeKey(key);
}

function exported(format: KeyFormat, key: KeySlots, shown: string): ArrayBuffer | JsonWebKey {
  const algorithm = algorithms.find((one) => one.name === key.algorithm.name);
  if (algorithm?.exportKey === undefined) throw new DOMException(`keys of ${key.algorithm.name} cannot be exported`, "NotSupportedError");
  if (!key.extractable) throw invalidAccess(`crypto.subtle.${shown}: the key is not extractable`);
  return algorithm.exportKey(format, key);
}

type Import = NonNullable<Algorithm["importKey"]>;

let constructing = true;

export class SubtleCrypto {
  #brand = true;

  constructor() {
    if (!constructing) throw new TypeError("SubtleCrypto cannot be constructed; use crypto.subtle");
  }

  async encrypt(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
    void this.#brand;
    requireArguments(arguments.length, 3, "crypto.subtle.encrypt");
    return crypt("encrypt", algorithm, key, data);
  }

  async decrypt(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
    void this.#brand;
    requireArguments(arguments.length, 3, "crypto.subtle.decrypt");
    return crypt("decrypt", algorithm, key, data);
  }

  async sign(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
    void this.#brand;
    requireArguments(arguments.length, 3, "crypto.subtle.sign");
    return crypt("sign", algorithm, key, data);
  }

  async verify(algorithm: AlgorithmIdentifier, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean> {
    void this.#brand;
    requireArguments(arguments.length, 4, "crypto.subtle.verify");
    const slots = slotsOf(key, "the key");
    for (const [bytes, what] of [[signature, "the signature"], [data, "the data"]] as const) bufferSource(bytes, what);
    const { algorithm: found, params } = normalize(algorithm, "verify", "verify");
    const [signed, given] = [bufferSource(signature, "the signature"), bufferSource(data, "the data")];
    checkUse(slots, params, "verify");
    return (found.verify as NonNullable<Algorithm["verify"]>)(params, slots, signed, given);
  }

  async digest(algorithm: AlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer> {
    void this.#brand;
    requireArguments(arguments.length, 2, "crypto.subtle.digest");
    bufferSource(data, "the data");
    const { algorithm: found } = normalize(algorithm, "digest", "digest");
    return (found.digest as NonNullable<Algorithm["digest"]>)(bufferSource(data, "the data"));
  }

  async generateKey(algorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey | CryptoKeyPair> {
    void this.#brand;
    requireArguments(arguments.length, 3, "crypto.subtle.generateKey");
    const wishes: KeyWishes = { extractable: Boolean(extractable), usages: toUsages(keyUsages) };
    const { algorithm: found, params } = normalize(algorithm, "generateKey", "generateKey");
    const made = (found.generateKey as NonNullable<Algorithm["generateKey"]>)(params, wishes);
    if ("type" in made) return usable(made);
    const privateKey = usable(made.privateKey);
    return { publicKey: makeKey(made.publicKey), privateKey };
  }

  async deriveBits(algorithm: AlgorithmIdentifier, baseKey: CryptoKey, length: number | null = null): Promise<ArrayBuffer> {
    void this.#brand;
    requireArguments(arguments.length, 2, "crypto.subtle.deriveBits");
    const slots = slotsOf(baseKey, "the base key");
    const bits = length === null ? null : Number(length) >>> 0;
    const { algorithm: found, params } = normalize(algorithm, "deriveBits", "deriveBits");
    checkUse(slots, params, "deriveBits");
    return (found.deriveBits as NonNullable<Algorithm["deriveBits"]>)(params, slots, bits);
  }

  async deriveKey(
    algorithm: AlgorithmIdentifier,
    baseKey: CryptoKey,
    derivedKeyType: AlgorithmIdentifier,
    extractable: boolean,
    keyUsages: Iterable<KeyUsage>,
  ): Promise<CryptoKey> {
    void this.#brand;
    requireArguments(arguments.length, 5, "crypto.subtle.deriveKey");
    const slots = slotsOf(baseKey, "the base key");
    const wishes: KeyWishes = { extractable: Boolean(extractable), usages: toUsages(keyUsages) };
    const { algorithm: found, params } = normalize(algorithm, "deriveKey", "deriveBits");
    const target = normalize(derivedKeyType, "deriveKey", "importKey");
    const sized = normalize(derivedKeyType, "deriveKey", "keyLength");
    checkUse(slots, params, "deriveKey");
    const length = (sized.algorithm.keyLength as NonNullable<Algorithm["keyLength"]>)(sized.params);
    const secret = (found.deriveBits as NonNullable<Algorithm["deriveBits"]>)(params, slots, length);
    return usable((target.algorithm.importKey as Import)({ format: "raw", bytes: new Uint8Array(secret) }, target.params, wishes));
  }

  async importKey(
    format: KeyFormat,
    keyData: BufferSource | JsonWebKey,
    algorithm: AlgorithmIdentifier,
    extractable: boolean,
    keyUsages: Iterable<KeyUsage>,
  ): Promise<CryptoKey> {
    void this.#brand;
    requireArguments(arguments.length, 5, "crypto.subtle.importKey");
    const form = toFormat(format);
    const binary = isView(keyData) || isArrayBuffer(keyData);
    const jwk = binary ? null : toJsonWebKey(keyData);
    const wishes: KeyWishes = { extractable: Boolean(extractable), usages: toUsages(keyUsages) };
    const { algorithm: found, params } = normalize(algorithm, "importKey", "importKey");
    if ((form === "jwk") === binary) throw new TypeError(`a key in the format "${form}" must be ${binary ? "an object" : "bytes"}`);
    const data: KeyData = form === "jwk" ? { format: form, jwk: jwk as JsonWebKey } : { format: form, bytes: bufferSource(keyData, "the key") };
    return usable((found.importKey as Import)(data, params, wishes));
  }

  async exportKey(format: KeyFormat, key: CryptoKey): Promise<ArrayBuffer | JsonWebKey> {
    void this.#brand;
    requireArguments(arguments.length, 2, "crypto.subtle.exportKey");
    const form = toFormat(format);
    return exported(form, slotsOf(key, "the key"), "exportKey");
  }

  async wrapKey(format: KeyFormat, key: CryptoKey, wrappingKey: CryptoKey, wrapAlgorithm: AlgorithmIdentifier): Promise<ArrayBuffer> {
    void this.#brand;
    requireArguments(arguments.length, 4, "crypto.subtle.wrapKey");
    const form = toFormat(format);
    const [slots, wrapping] = [slotsOf(key, "the key"), slotsOf(wrappingKey, "the wrapping key")];
    const { algorithm, params, operation } = normalize(wrapAlgorithm, "wrapKey", "wrapKey", "encrypt");
    checkUse(wrapping, params, "wrapKey");
    const plain = exported(form, slots, "wrapKey");
    const bytes = isArrayBuffer(plain) ? new Uint8Array(plain) : native.utf8Encode(JSON.stringify(plain));
    return runWith(algorithm, operation, params, wrapping, bytes);
  }

  async unwrapKey(
    format: KeyFormat,
    wrappedKey: BufferSource,
    unwrappingKey: CryptoKey,
    unwrapAlgorithm: AlgorithmIdentifier,
    unwrappedKeyAlgorithm: AlgorithmIdentifier,
    extractable: boolean,
    keyUsages: Iterable<KeyUsage>,
  ): Promise<CryptoKey> {
    void this.#brand;
    requireArguments(arguments.length, 7, "crypto.subtle.unwrapKey");
    const form = toFormat(format);
    bufferSource(wrappedKey, "the wrapped key");
    const unwrapping = slotsOf(unwrappingKey, "the unwrapping key");
    const wishes: KeyWishes = { extractable: Boolean(extractable), usages: toUsages(keyUsages) };
    const { algorithm, params, operation } = normalize(unwrapAlgorithm, "unwrapKey", "unwrapKey", "decrypt");
    const target = normalize(unwrappedKeyAlgorithm, "unwrapKey", "importKey");
    const wrapped = bufferSource(wrappedKey, "the wrapped key");
    checkUse(unwrapping, params, "unwrapKey");
    const bytes = new Uint8Array(runWith(algorithm, operation, params, unwrapping, wrapped));
    const data: KeyData = form === "jwk" ? { format: form, jwk: parseJwk(bytes) } : { format: form, bytes };
    return usable((target.algorithm.importKey as Import)(data, target.params, wishes));
  }
}

/** The operations that make bytes of bytes. */
function crypt(operation: "encrypt" | "decrypt" | "sign", algorithm: unknown, key: unknown, data: unknown): ArrayBuffer {
  const slots = slotsOf(key, "the key");
  bufferSource(data, "the data");
  const { algorithm: found, params } = normalize(algorithm, operation, operation);
  // Only now: converting the parameters may have run code that detached it.
  const bytes = bufferSource(data, "the data");
  checkUse(slots, params, operation);
  return runWith(found, operation, params, slots, bytes);
}

function runWith(algorithm: Algorithm, operation: Operation, params: Params, key: KeySlots, data: Bytes): ArrayBuffer {
  const run = algorithm[operation as "encrypt"] as NonNullable<Algorithm["encrypt"]>;
  return run.call(algorithm, params, key, data);
}

defineInterface(SubtleCrypto, "SubtleCrypto", 0, { deriveBits: 2 });

export const subtle = new SubtleCrypto();
constructing = false;
