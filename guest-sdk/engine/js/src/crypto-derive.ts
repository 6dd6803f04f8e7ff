// The algorithms of Web Cryptography that derive keys from a secret: HKDF and PBKDF2.

import { type Algorithm, checkUsages, done, operationError, refuseFormat } from "./crypto-algorithm.ts";
import { HKDF, type HkdfParams, NONE, PBKDF2, type Pbkdf2Params } from "./crypto-params.ts";
import { DOMException } from "./dom-exception.ts";
import { native } from "./native.ts";

/** What both have in common: their keys are any bytes, and cannot be exported. */
function derivation(name: string): Pick<Algorithm, "name" | "importKey" | "keyLength"> {
  return {
    name,
    importKey(data, _params, wishes) {
      if (data.format !== "raw") throw refuseFormat(name, data.format);
      checkUsages(name, wishes.usages, ["deriveKey", "deriveBits"]);
      if (wishes.extractable) throw new DOMException(`a key of ${name} cannot be extractable`, "SyntaxError");
      return { type: "secret", algorithm: { name }, material: native.keySecret(data.bytes), ...wishes };
    },
    keyLength: () => null,
  };
}

function bytesAskedFor(name: string, length: number | null): number {
  if (length === null) throw operationError(`${name} must be told how many bits to derive`);
  if (length % 8 !== 0) throw operationError(`${name} derives a multiple of 8 bits, not ${length}`);
  return length / 8;
}

const hkdf: Algorithm = {
  ...derivation("HKDF"),
  params: { importKey: NONE, deriveBits: HKDF, keyLength: NONE },
  deriveBits({ hash, salt, info }: HkdfParams, key, length) {
    const bytes = bytesAskedFor("HKDF", length);
    return done(native.hkdf(hash, key.material, salt, info, bytes), `HKDF with ${hash} cannot give ${bytes} bytes`);
  },
};

const pbkdf2: Algorithm = {
  ...derivation("PBKDF2"),
  params: { importKey: NONE, deriveBits: PBKDF2, keyLength: NONE },
  deriveBits({ hash, salt, iterations }: Pbkdf2Params, key, length) {
    const bytes = bytesAskedFor("PBKDF2", length);
    if (iterations === 0) throw operationError("PBKDF2 needs at least one iteration");
    return done(native.pbkdf2(hash, key.material, salt, iterations, bytes), `there is no memory for ${bytes} bytes`);
  },
};

export const derivingAlgorithms: readonly Algorithm[] = [hkdf, pbkdf2];
