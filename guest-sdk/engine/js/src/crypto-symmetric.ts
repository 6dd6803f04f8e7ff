// The algorithms of Web Cryptography with one secret key: AES in its modes, and HMAC.

import { type Algorithm, checkUsages, done, type KeyData, type KeyWishes, operationError, refuseFormat } from "./crypto-algorithm.ts";
import { checkAlg, checkJwk, dataError, jwkParts, type JsonWebKey, makeJwk } from "./crypto-jwk.ts";
import type { KeySlots, KeyUsage } from "./crypto-key.ts";
import {
  AES_LENGTH, type Bytes, CBC, type CbcParams, CTR, type CtrParams, GCM, type GcmParams, HMAC, type HmacParams, type LengthParams, NONE,
} from "./crypto-params.ts";
import { DOMException } from "./dom-exception.ts";
import { type DigestName, type KeyMaterial, native } from "./native.ts";

const NO_BYTES = new Uint8Array(0);
const BLOCK_BYTES = 16;
const AES_BITS = [128, 192, 256];
const TAG_BITS = [32, 64, 96, 104, 112, 120, 128];
const CIPHER_USAGES: readonly KeyUsage[] = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const FAILED = "the data could not be decrypted: the key or a parameter is another one, or the data was changed";

/** The bytes of a secret key in a format it has. */
function secretBytes(name: string, data: KeyData, use: "enc" | "sig", { extractable, usages }: KeyWishes): Bytes {
  if (data.format === "raw") return data.bytes;
  if (data.format !== "jwk") throw refuseFormat(name, data.format);
  checkJwk(data.jwk, "oct", use, extractable, usages);
  return jwkParts(data.jwk, ["k"])[0] as Bytes;
}

function randomKey(bits: number): KeyMaterial {
  return done(native.keyRandom(Math.ceil(bits / 8)), `there is no memory for a key of ${bits} bits`);
}

function exportSecret(format: string, key: KeySlots, alg: string): ArrayBuffer | JsonWebKey {
  const parts = native.keyParts(key.material);
  if (format === "raw") return parts[0] as ArrayBuffer;
  if (format !== "jwk") throw refuseFormat(key.algorithm.name, format);
  return makeJwk({ kty: "oct", alg }, ["k"], parts, key.extractable, key.usages);
}

function checkAesLength(length: number, refuse: (message: string) => DOMException): void {
  if (!AES_BITS.includes(length)) throw refuse(`an AES key has 128, 192 or 256 bits, not ${length}`);
}

/** What the modes of AES have in common. */
function aes(mode: "CBC" | "CTR" | "GCM" | "KW", usages: readonly KeyUsage[]): Algorithm {
  const name = `AES-${mode}`;
  const slots = (material: KeyMaterial, length: number, wishes: KeyWishes): KeySlots => ({
    type: "secret", algorithm: { name, length }, material, ...wishes,
  });
  return {
    name,
    params: { generateKey: AES_LENGTH, importKey: NONE, exportKey: NONE, keyLength: AES_LENGTH },
    generateKey({ length }: LengthParams, wishes) {
      checkUsages(name, wishes.usages, usages);
      checkAesLength(length, operationError);
      return slots(randomKey(length), length, wishes);
    },
    importKey(data, _params, wishes) {
      checkUsages(name, wishes.usages, usages);
      const bytes = secretBytes(name, data, "enc", wishes);
      const length = bytes.length * 8;
      checkAesLength(length, dataError);
      if (data.format === "jwk") checkAlg(data.jwk, `A${length}${mode}`);
      return slots(native.keySecret(bytes), length, wishes);
    },
    exportKey: (format, key) => exportSecret(format, key, `A${key.algorithm.length as number}${mode}`),
    keyLength({ length }: LengthParams) {
      checkAesLength(length, operationError);
      return length;
    },
  };
}

function checkBlock(bytes: Bytes, what: string): void {
  if (bytes.length !== BLOCK_BYTES) throw operationError(`${what} must have ${BLOCK_BYTES} bytes, not ${bytes.length}`);
}

function aesCbc(): Algorithm {
  const common = aes("CBC", CIPHER_USAGES);
  return {
    ...common,
    params: { ...common.params, encrypt: CBC, decrypt: CBC },
    encrypt({ iv }: CbcParams, key, data) {
      checkBlock(iv, "the iv of AES-CBC");
      return done(native.aes("CBC encrypt", key.material, iv, 0, data), "the data could not be encrypted");
    },
    decrypt({ iv }: CbcParams, key, data) {
      checkBlock(iv, "the iv of AES-CBC");
      return done(native.aes("CBC decrypt", key.material, iv, 0, data), FAILED);
    },
  };
}

function aesCtr(): Algorithm {
  const common = aes("CTR", CIPHER_USAGES);
  const crypt = ({ counter, length }: CtrParams, key: KeySlots, data: Bytes): ArrayBuffer => {
    checkBlock(counter, "the counter of AES-CTR");
    if (length === 0 || length > 128) throw operationError(`the counter of AES-CTR has 1 to 128 bits, not ${length}`);
    return done(native.aes("CTR", key.material, counter, length, data), `a counter of ${length} bits would repeat within so much data`);
  };
  return { ...common, params: { ...common.params, encrypt: CTR, decrypt: CTR }, encrypt: crypt, decrypt: crypt };
}

function aesGcm(): Algorithm {
  const common = aes("GCM", CIPHER_USAGES);
  const crypt = (encrypt: boolean, { iv, additionalData = NO_BYTES, tagLength = 128 }: GcmParams, key: KeySlots, data: Bytes): ArrayBuffer => {
    if (!TAG_BITS.includes(tagLength)) throw operationError(`the tag of AES-GCM has ${TAG_BITS.join(", ")} bits, not ${tagLength}`);
    if (iv.length === 0) throw operationError("the iv of AES-GCM must not be empty");
    if (![8, 12, 16, 24, 32].includes(iv.length)) {
      throw new DOMException(`AES-GCM takes an iv of 12 bytes, or of 8, 16, 24 or 32, but not of ${iv.length}`, "NotSupportedError");
    }
    return done(native.aesGcm(encrypt, key.material, iv, additionalData, tagLength / 8, data), FAILED);
  };
  return {
    ...common,
    params: { ...common.params, encrypt: GCM, decrypt: GCM },
    encrypt: (params: GcmParams, key, data) => crypt(true, params, key, data),
    decrypt: (params: GcmParams, key, data) => crypt(false, params, key, data),
  };
}

function aesKw(): Algorithm {
  const common = aes("KW", ["wrapKey", "unwrapKey"]);
  return {
    ...common,
    params: { ...common.params, wrapKey: NONE, unwrapKey: NONE },
    wrapKey: (_params, key, data) =>
      done(native.aes("KW wrap", key.material, NO_BYTES, 0, data), "AES-KW wraps a multiple of 8 bytes, and at least 16"),
    unwrapKey: (_params, key, data) => done(native.aes("KW unwrap", key.material, NO_BYTES, 0, data), FAILED),
  };
}

/** Bits that a hash function works on at a time. */
const BLOCK_BITS: Record<DigestName, number> = { "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };

/** The length of a key to be made, which is the hash function's block unless it was asked for. */
function hmacBits({ hash, length = BLOCK_BITS[hash] }: HmacParams): number {
  return length;
}

function hmacSlots(material: KeyMaterial, hash: DigestName, length: number, wishes: KeyWishes): KeySlots {
  return { type: "secret", algorithm: { name: "HMAC", length, hash: { name: hash } }, material, ...wishes };
}

const hashOf = (key: KeySlots): DigestName => key.algorithm.hash?.name as DigestName;
const hmacAlg = (hash: string): string => `HS${hash.slice("SHA-".length)}`;

const hmac: Algorithm = {
  name: "HMAC",
  params: { sign: NONE, verify: NONE, generateKey: HMAC, importKey: HMAC, exportKey: NONE, keyLength: HMAC },
  generateKey(params: HmacParams, wishes) {
    checkUsages("HMAC", wishes.usages, ["sign", "verify"]);
    const bits = hmacBits(params);
    if (bits === 0) throw operationError("a key of HMAC cannot be empty");
    return hmacSlots(randomKey(bits), params.hash, bits, wishes);
  },
  importKey(data, { hash, length }: HmacParams, wishes) {
    checkUsages("HMAC", wishes.usages, ["sign", "verify"]);
    const bytes = secretBytes("HMAC", data, "sig", wishes);
    if (data.format === "jwk") checkAlg(data.jwk, hmacAlg(hash));
    const bits = bytes.length * 8;
    if (bits === 0) throw dataError("a key of HMAC cannot be empty");
    if (length !== undefined && (length > bits || length <= bits - 8)) {
      throw dataError(`the key has ${bits} bits, and "length" says ${length}`);
    }
    return hmacSlots(native.keySecret(bytes), hash, length ?? bits, wishes);
  },
  exportKey: (format, key) => exportSecret(format, key, hmacAlg(hashOf(key))),
  sign: (_params, key, data) => done(native.hmacSign(hashOf(key), key.material, data), "the data could not be signed"),
  verify: (_params, key, signature, data) => native.hmacVerify(hashOf(key), key.material, signature, data),
  keyLength(params: HmacParams) {
    const bits = hmacBits(params);
    if (bits === 0) throw new TypeError("a key of HMAC cannot be empty");
    return bits;
  },
};

export const symmetricAlgorithms: readonly Algorithm[] = [aesCbc(), aesCtr(), aesGcm(), aesKw(), hmac];
