// The algorithms of Web Cryptography over elliptic curves: ECDSA and ECDH, and those with a curve of their own, Ed25519 and X25519.

import {
  type Algorithm, checkType, checkUsages, done, imported, invalidAccess, type KeyData, type KeyWishes, operationError,
} from "./crypto-algorithm.ts";
import { checkAlg, checkJwk, dataError, jwkParts, type JsonWebKey, makeJwk } from "./crypto-jwk.ts";
import type { KeyAlgorithm, KeySlots, KeyUsage } from "./crypto-key.ts";
import { AGREE, type AgreeParams, CURVE, type CurveParams, HASH, type HashParams, NONE, type Params } from "./crypto-params.ts";
import { DOMException } from "./dom-exception.ts";
import { type KeyMaterial, native } from "./native.ts";

/** The curves with a choice, and what JSON Web Keys call ECDSA on them. */
const CURVES: Record<string, string> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };
/** Of which Ed25519 is told nothing: it has one of its own. */
const NO_HASH = "SHA-512";

/** How the four differ. */
interface Kind {
  readonly name: string;
  readonly privateUsages: readonly KeyUsage[];
  readonly publicUsages: readonly KeyUsage[];
  readonly kty: "EC" | "OKP";
  /** What `alg` of a JSON Web Key may be; none for all. */
  algs(curve: string): readonly string[];
}

const SIGNING = { privateUsages: ["sign"], publicUsages: ["verify"] } as const;
const AGREEING = { privateUsages: ["deriveKey", "deriveBits"], publicUsages: [] } as const;
const ECDSA: Kind = { name: "ECDSA", ...SIGNING, kty: "EC", algs: (curve) => [CURVES[curve] as string] };
const ECDH: Kind = { name: "ECDH", ...AGREEING, kty: "EC", algs: () => [] };
const ED25519: Kind = { name: "Ed25519", ...SIGNING, kty: "OKP", algs: () => ["Ed25519", "EdDSA"] };
const X25519: Kind = { name: "X25519", ...AGREEING, kty: "OKP", algs: () => [] };

const use = (kind: Kind): "enc" | "sig" => (kind.publicUsages.length > 0 ? "sig" : "enc");
const curveOf = (algorithm: KeyAlgorithm | CurveParams | Params): string =>
  (algorithm as Partial<CurveParams>).namedCurve ?? algorithm.name;
const partNames = (kind: Kind): readonly ("d" | "x" | "y")[] => (kind.kty === "EC" ? ["x", "y", "d"] : ["x", "d"]);

/** The algorithm as a key of it has it. */
function keyAlgorithm(kind: Kind, curve: string): KeyAlgorithm {
  return kind.kty === "EC" ? { name: kind.name, namedCurve: curve } : { name: kind.name };
}

function generate(kind: Kind, params: Params, { extractable, usages }: KeyWishes): { publicKey: KeySlots; privateKey: KeySlots } {
  checkUsages(kind.name, usages, [...kind.privateUsages, ...kind.publicUsages]);
  const curve = curveOf(params);
  if (kind.kty === "EC" && !Object.hasOwn(CURVES, curve)) {
    throw new DOMException(`the curve "${curve}" is not known; ${Object.keys(CURVES).join(", ")} are available`, "NotSupportedError");
  }
  const [secret, open] = done(native.keyPair(curve, 0, new Uint8Array(0)), "no key could be made");
  const algorithm = keyAlgorithm(kind, curve);
  const own = (allowed: readonly KeyUsage[]): KeyUsage[] => usages.filter((usage) => allowed.includes(usage));
  return {
    publicKey: { type: "public", extractable: true, algorithm, usages: own(kind.publicUsages), material: open },
    privateKey: { type: "private", extractable, algorithm, usages: own(kind.privateUsages), material: secret },
  };
}

function importKey(kind: Kind, data: KeyData, params: Params, wishes: KeyWishes): KeySlots {
  const secret = data.format === "pkcs8" || (data.format === "jwk" && data.jwk.d !== undefined);
  checkUsages(kind.name, wishes.usages, secret ? kind.privateUsages : kind.publicUsages);
  const curve = curveOf(params);
  if (kind.kty === "EC" && !Object.hasOwn(CURVES, curve)) throw dataError(`the curve "${curve}" is not known`);
  const material =
    data.format === "jwk"
      ? jwkMaterial(kind, curve, data.jwk, wishes)
      : imported(native.keyRead(curve, data.format, data.bytes), `a ${curve} key in the format "${data.format}"`);
  return { type: secret ? "private" : "public", algorithm: keyAlgorithm(kind, curve), material, ...wishes };
}

function jwkMaterial(kind: Kind, curve: string, jwk: JsonWebKey, { extractable, usages }: KeyWishes): KeyMaterial {
  checkJwk(jwk, kind.kty, use(kind), extractable, usages);
  const algs = kind.algs(curve);
  if (algs.length > 0) checkAlg(jwk, ...algs);
  if (jwk.crv !== curve) throw dataError(`the JSON Web Key is on the curve ${JSON.stringify(jwk.crv)}, and "${curve}" is needed`);
  const parts = jwkParts(jwk, partNames(kind).filter((name) => name !== "d" || jwk.d !== undefined));
  return imported(native.keyFromParts(curve, parts), `a key on the curve ${curve}`);
}

function exportKey(kind: Kind, format: string, key: KeySlots): ArrayBuffer | JsonWebKey {
  const curve = curveOf(key.algorithm);
  if (format === "jwk") {
    const fixed: JsonWebKey = { kty: kind.kty, crv: curve };
    if (kind === ED25519) fixed.alg = "Ed25519";
    return makeJwk(fixed, partNames(kind), native.keyParts(key.material), key.extractable, key.usages);
  }
  checkType(key, format === "pkcs8" ? "private" : "public", `exporting as "${format}"`);
  return done(native.keyWrite(key.material, format), `the key could not be written as "${format}"`);
}

function keys(kind: Kind): Algorithm {
  const members = kind.kty === "EC" ? CURVE : NONE;
  return {
    name: kind.name,
    params: { generateKey: members, importKey: members, exportKey: NONE },
    generateKey: (params, wishes) => generate(kind, params, wishes),
    importKey: (data, params, wishes) => importKey(kind, data, params, wishes),
    exportKey: (format, key) => exportKey(kind, format, key),
  };
}

function signing(kind: Kind): Algorithm {
  const common = keys(kind);
  const members = kind === ECDSA ? HASH : NONE;
  return {
    ...common,
    params: { ...common.params, sign: members, verify: members },
    sign(params: Partial<HashParams> & Params, key, data) {
      checkType(key, "private", "signing");
      return done(native.curveSign(key.material, params.hash ?? NO_HASH, data), "the data could not be signed");
    },
    verify(params: Partial<HashParams> & Params, key, signature, data) {
      checkType(key, "public", "verifying");
      return native.curveVerify(key.material, params.hash ?? NO_HASH, signature, data);
    },
  };
}

function agreeing(kind: Kind): Algorithm {
  const common = keys(kind);
  return {
    ...common,
    params: { ...common.params, deriveBits: AGREE },
    deriveBits({ public: other }: AgreeParams, key, length) {
      checkType(key, "private", "deriving");
      if (other.type !== "public") throw invalidAccess(`"public" must be a public key, and this one is ${other.type}`);
      if (other.algorithm.name !== kind.name || curveOf(other.algorithm) !== curveOf(key.algorithm)) {
        throw invalidAccess(`"public" must be a key of ${kind.name} on the curve ${curveOf(key.algorithm)}`);
      }
      return firstBits(done(native.curveAgree(key.material, other.material), "the other key gives no secret"), length);
    },
  };
}

/** So many bits of a secret; of its last byte the others are zero. */
function firstBits(secret: ArrayBuffer, length: number | null): ArrayBuffer {
  if (length === null) return secret;
  const bits = secret.byteLength * 8;
  if (length > bits) throw operationError(`the secret has ${bits} bits, and ${length} were asked for`);
  const cut = new Uint8Array(secret.slice(0, Math.ceil(length / 8)));
  const rest = length % 8;
  if (rest !== 0) cut[cut.length - 1] = (cut[cut.length - 1] as number) & (0xff00 >> rest);
  return cut.buffer;
}

export const curveAlgorithms: readonly Algorithm[] = [signing(ECDSA), agreeing(ECDH), signing(ED25519), agreeing(X25519)];
