// RSA in Web Cryptography: RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP.

import {
  type Algorithm, checkType, checkUsages, done, imported, type KeyData, type KeyWishes, operationError, refuseFormat,
} from "./crypto-algorithm.ts";
import { checkAlg, checkJwk, jwkParts, type JsonWebKey, makeJwk } from "./crypto-jwk.ts";
import type { KeyAlgorithm, KeySlots, KeyUsage } from "./crypto-key.ts";
import {
  HASH, type HashParams, NONE, OAEP, type OaepParams, type Params, PSS, type PssParams, RSA_KEY_GEN, type RsaKeyGenParams,
} from "./crypto-params.ts";
import { DOMException } from "./dom-exception.ts";
import { type DigestName, type KeyMaterial, native } from "./native.ts";

const PUBLIC_PARTS = ["n", "e"] as const;
const PRIVATE_PARTS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;

/** How the three differ. */
interface Kind {
  readonly name: string;
  readonly privateUsages: readonly KeyUsage[];
  readonly publicUsages: readonly KeyUsage[];
  readonly use: "enc" | "sig";
  /** What JSON Web Keys call it with a hash function, of which `bits` is the number in its name. */
  alg(bits: string): string;
}

const SIGNING = { privateUsages: ["sign"], publicUsages: ["verify"], use: "sig" } as const;
const PKCS1: Kind = { name: "RSASSA-PKCS1-v1_5", ...SIGNING, alg: (bits) => `RS${bits}` };
const RSA_PSS: Kind = { name: "RSA-PSS", ...SIGNING, alg: (bits) => `PS${bits}` };
const RSA_OAEP: Kind = {
  name: "RSA-OAEP",
  privateUsages: ["decrypt", "unwrapKey"],
  publicUsages: ["encrypt", "wrapKey"],
  use: "enc",
  alg: (bits) => (bits === "1" ? "RSA-OAEP" : `RSA-OAEP-${bits}`),
};

const hashOf = (key: KeySlots): DigestName => key.algorithm.hash?.name as DigestName;
const algOf = (kind: Kind, hash: DigestName): string => kind.alg(hash.slice("SHA-".length));

/** The algorithm as a key of it has it. */
function keyAlgorithm(kind: Kind, hash: DigestName, material: KeyMaterial): KeyAlgorithm {
  const [modulus, exponent] = native.rsaPublicParts(material) as [ArrayBuffer, ArrayBuffer];
  const bytes = new Uint8Array(modulus);
  const modulusLength = bytes.length * 8 - (Math.clz32(bytes[0] as number) - 24);
  return { name: kind.name, modulusLength, publicExponent: new Uint8Array(exponent), hash: { name: hash } };
}

function generate(kind: Kind, params: RsaKeyGenParams, { extractable, usages }: KeyWishes): { publicKey: KeySlots; privateKey: KeySlots } {
  checkUsages(kind.name, usages, [...kind.publicUsages, ...kind.privateUsages]);
  const { modulusLength, publicExponent, hash } = params;
  const [secret, open] = done(
    native.keyPair("RSA", modulusLength, publicExponent),
    "an RSA key has 1024 to 8192 bits and an odd exponent above 1, such as 65537",
  );
  const algorithm = { ...keyAlgorithm(kind, hash, open), publicExponent };
  const own = (allowed: readonly KeyUsage[]): KeyUsage[] => usages.filter((usage) => allowed.includes(usage));
  return {
    publicKey: { type: "public", extractable: true, algorithm, usages: own(kind.publicUsages), material: open },
    privateKey: { type: "private", extractable, algorithm, usages: own(kind.privateUsages), material: secret },
  };
}

function importKey(kind: Kind, data: KeyData, { hash }: HashParams, wishes: KeyWishes): KeySlots {
  if (data.format === "raw") throw refuseFormat(kind.name, data.format);
  const secret = data.format === "pkcs8" || (data.format === "jwk" && data.jwk.d !== undefined);
  checkUsages(kind.name, wishes.usages, secret ? kind.privateUsages : kind.publicUsages);
  const material =
    data.format === "jwk"
      ? jwkMaterial(kind, hash, data.jwk, wishes)
      : imported(native.keyRead("RSA", data.format, data.bytes), `an RSA key in the format "${data.format}"`);
  return { type: secret ? "private" : "public", algorithm: keyAlgorithm(kind, hash, material), material, ...wishes };
}

function jwkMaterial(kind: Kind, hash: DigestName, jwk: JsonWebKey, { extractable, usages }: KeyWishes): KeyMaterial {
  checkJwk(jwk, "RSA", kind.use, extractable, usages);
  checkAlg(jwk, algOf(kind, hash));
  if (jwk.oth !== undefined) throw new DOMException("RSA keys of more than two primes are not supported", "NotSupportedError");
  return imported(native.keyFromParts("RSA", jwkParts(jwk, jwk.d === undefined ? PUBLIC_PARTS : PRIVATE_PARTS)), "an RSA key");
}

function exportKey(kind: Kind, format: string, key: KeySlots): ArrayBuffer | JsonWebKey {
  if (format === "raw") throw refuseFormat(kind.name, format);
  if (format === "jwk") {
    const names = key.type === "private" ? PRIVATE_PARTS : PUBLIC_PARTS;
    return makeJwk({ kty: "RSA", alg: algOf(kind, hashOf(key)) }, names, native.keyParts(key.material), key.extractable, key.usages);
  }
  checkType(key, format === "pkcs8" ? "private" : "public", `exporting as "${format}"`);
  return done(native.keyWrite(key.material, format), `the key could not be written as "${format}"`);
}

function keys(kind: Kind): Algorithm {
  return {
    name: kind.name,
    params: { generateKey: RSA_KEY_GEN, importKey: HASH, exportKey: NONE },
    generateKey: (params: RsaKeyGenParams, wishes) => generate(kind, params, wishes),
    importKey: (data, params: HashParams, wishes) => importKey(kind, data, params, wishes),
    exportKey: (format, key) => exportKey(kind, format, key),
  };
}

function signing(kind: Kind): Algorithm {
  const common = keys(kind);
  const members = kind === RSA_PSS ? PSS : NONE;
  return {
    ...common,
    params: { ...common.params, sign: members, verify: members },
    sign(params: Partial<PssParams> & Params, key, data) {
      checkType(key, "private", "signing");
      const signed = native.rsaSign(key.material, hashOf(key), params.saltLength, data);
      return done(signed, "the key is too short for such a signature");
    },
    verify(params: Partial<PssParams> & Params, key, signature, data) {
      checkType(key, "public", "verifying");
      return native.rsaVerify(key.material, hashOf(key), params.saltLength, signature, data);
    },
  };
}

function oaep(): Algorithm {
  const common = keys(RSA_OAEP);
  const noLabel = new Uint8Array(0);
  return {
    ...common,
    params: { ...common.params, encrypt: OAEP, decrypt: OAEP },
    encrypt({ label = noLabel }: OaepParams, key, data) {
      checkType(key, "public", "encrypting");
      const out = native.rsaCrypt(true, key.material, hashOf(key), label, data);
      if (out === null) throw operationError(`${data.length} bytes are too many for this key`);
      return out;
    },
    decrypt({ label = noLabel }: OaepParams, key, data) {
      checkType(key, "private", "decrypting");
      return done(native.rsaCrypt(false, key.material, hashOf(key), label, data), "the data could not be decrypted");
    },
  };
}

export const rsaAlgorithms: readonly Algorithm[] = [signing(PKCS1), signing(RSA_PSS), oaep()];
