import * as jose from 'jose'
import { failure, report } from './report'

const secret = new TextEncoder().encode('a secret of thirty-two bytes, all')
const now = 1_750_000_000

async function signed(algorithm: string, options?: jose.GenerateKeyPairOptions) {
  const { publicKey, privateKey } = await jose.generateKeyPair(algorithm, { extractable: true, ...options })
  const jwt = await new jose.SignJWT({ scope: 'all' }).setProtectedHeader({ alg: algorithm, kid: 'k' }).setSubject('ada').sign(privateKey)
  const jwk = await jose.exportJWK(publicKey)
  const keys = jose.createLocalJWKSet({ keys: [{ ...jwk, kid: 'k', alg: algorithm }] })
  const { payload, protectedHeader } = await jose.jwtVerify(jwt, keys)
  const pem = await jose.exportSPKI(publicKey)
  await jose.compactVerify(jwt, await jose.importSPKI(pem, algorithm))
  const forged = `${jwt.slice(0, -8)}AAAAAAAA`
  return { payload, protectedHeader, type: jwk.kty, curve: jwk.crv, forged: await failure(() => jose.jwtVerify(forged, keys)) }
}

async function encrypted(alg: string, enc: string, key: jose.CryptoKey | Uint8Array, open = key) {
  const jwe = await new jose.EncryptJWT({ hidden: 'yes' }).setProtectedHeader({ alg, enc }).encrypt(key)
  const { payload } = await jose.jwtDecrypt(jwe, open, { keyManagementAlgorithms: [alg] })
  return { payload, parts: jwe.split('.').length, header: jose.decodeProtectedHeader(jwe) }
}

export default report(async () => {
  const jwt = await new jose.SignJWT({ 'urn:example': true }).setProtectedHeader({ alg: 'HS256' }).setIssuedAt(now).setIssuer('isolet').setAudience('all').setExpirationTime(now + 60).sign(secret)
  const check = (options: jose.JWTVerifyOptions) => jose.jwtVerify(jwt, secret, { currentDate: new Date(now * 1000), ...options })
  const ec = await jose.generateKeyPair('ECDH-ES+A128KW')
  const rsa = await jose.generateKeyPair('RSA-OAEP-256')
  return {
    jwt,
    claims: (await check({ issuer: 'isolet', audience: 'all' })).payload,
    wrong: [await failure(() => check({ issuer: 'other' })), await failure(() => check({ currentDate: new Date((now + 61) * 1000) })), await failure(() => jose.jwtVerify(jwt, secret.slice(1)))],
    asymmetric: await Promise.all(['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'].map((algorithm) => signed(algorithm))),
    encrypted: [
      await encrypted('dir', 'A256GCM', secret.slice(0, 32)),
      await encrypted('A256KW', 'A128CBC-HS256', secret.slice(0, 32)),
      await encrypted('PBES2-HS256+A128KW', 'A256GCM', secret),
      await encrypted('ECDH-ES+A128KW', 'A128GCM', ec.publicKey, ec.privateKey),
      await encrypted('RSA-OAEP-256', 'A256GCM', rsa.publicKey, rsa.privateKey),
    ].map(({ header, ...rest }) => ({ ...rest, alg: header.alg })),
    thumbprint: await jose.calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x: 'jJ6Flys3zK9jUhnOHf6G49Dyp5hah6CNP84-gY-n9eo', y: 'nhI6iD5eFXgBTLt_1p3aip-5VbZeMhxeFSpjfEAf7Ww' }),
  }
})
