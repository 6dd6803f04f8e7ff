// crypto.subtle: each algorithm against vectors that its standard publishes, keys in every format, and what must be refused.
import { handler, same, thrown } from './checks.js'

const { subtle } = crypto
const hex = (data) => Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, '0')).join('')
const bytes = (text) => Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (pair) => parseInt(pair, 16))
const utf8 = (text) => new TextEncoder().encode(text)
const raw = (data, algorithm, ...usages) => subtle.importKey('raw', data, algorithm, true, usages)

/** A private key from what a standard prints of it. */
const jwk = (members, algorithm, ...usages) => {
  const encoded = Object.entries(members).map(([name, value]) => [name, /^[0-9a-f ]+$/.test(value) ? base64url(bytes(value)) : value])
  return subtle.importKey('jwk', Object.fromEntries(encoded), algorithm, true, usages)
}
const base64url = (data) => btoa(String.fromCharCode(...data)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

/** FIPS 197's and NIST SP 800-38A's key of 128 bits, and their first blocks. */
const AES_KEY = bytes('2b7e1516 28aed2a6 abf71588 09cf4f3c')
const BLOCKS = bytes('6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57 1e03ac9c 9eb76fac 45af8e51')

/** The key pair of RFC 6979, A.2.5. */
const P256 = {
  kty: 'EC',
  crv: 'P-256',
  d: 'c9afa9d8 45ba7516 6b5c2157 67b1d693 4e50c3db 36e89b12 7b8a622b 120f6721',
  x: '60fed4ba 255a9d31 c961eb74 c6356d68 c049b892 3b61fa6c e669622e 60f29fb6',
  y: '7903fe10 08b8bc99 a41ae9e9 5628bc64 f2f1b20c 2d7e9f51 77a3c294 d4462299',
}

export default handler({
  async 'AES-CBC and AES-CTR (NIST SP 800-38A, F.2.1, F.5.1)'() {
    const key = await raw(AES_KEY, 'AES-CBC', 'encrypt', 'decrypt')
    const cbc = { name: 'AES-CBC', iv: bytes('00010203 04050607 08090a0b 0c0d0e0f') }
    const sealed = await subtle.encrypt(cbc, key, BLOCKS)
    same(hex(sealed).slice(0, 64), '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2')
    same([sealed.byteLength, hex(await subtle.decrypt(cbc, key, sealed))], [48, hex(BLOCKS)])
    const counted = await raw(AES_KEY, 'AES-CTR', 'encrypt', 'decrypt')
    const ctr = { name: 'AES-CTR', counter: bytes('f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff'), length: 128 }
    same(hex(await subtle.encrypt(ctr, counted, BLOCKS)), '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff')
    // A counter of 8 bits goes from ff to 00 without touching the rest: what 128 bits give from there.
    const short = { ...ctr, length: 8 }
    const first = await subtle.encrypt({ ...ctr, counter: bytes('f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfe00') }, counted, new Uint8Array(16))
    same(hex(await subtle.encrypt(short, counted, new Uint8Array(32))).slice(32), hex(first))
    same(await thrown(() => subtle.encrypt(short, counted, new Uint8Array(257 * 16))), 'OperationError')
    same(await thrown(() => subtle.encrypt({ ...cbc, iv: new Uint8Array(8) }, key, BLOCKS)), 'OperationError')
    same(await thrown(() => subtle.decrypt(cbc, key, BLOCKS)), 'OperationError')
  },
  async 'AES-GCM (the GCM specification, test cases 4 and 6) and tags that are cut short'() {
    const key = await raw(bytes('feffe992 8665731c 6d6a8f94 67308308'), 'AES-GCM', 'encrypt', 'decrypt')
    const plain = bytes('d9313225 f88406e5 a55909c5 aff5269a 86a7a953 1534f7da 2e4c303d 8a318a72 1c3c0c95 95680953 2fcf0e24 49a6b525 b16aedf5 aa0de657 ba637b39')
    const params = { name: 'AES-GCM', iv: bytes('cafebabe facedbad decaf888'), additionalData: bytes('feedface deadbeef feedface deadbeef abaddad2') }
    const sealed = new Uint8Array(await subtle.encrypt(params, key, plain))
    same(hex(sealed), '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47')
    for (const tagLength of [32, 64, 96, 104, 112, 120, 128]) {
      const cut = sealed.slice(0, plain.length + tagLength / 8)
      same(hex(await subtle.decrypt({ ...params, tagLength }, key, cut)), hex(plain))
      cut[cut.length - 1] ^= 1
      same(await thrown(() => subtle.decrypt({ ...params, tagLength }, key, cut)), 'OperationError')
    }
    const zeros = await raw(new Uint8Array(16), 'AES-GCM', 'encrypt', 'decrypt')
    for (const length of [8, 16, 24, 32]) {
      const iv = new Uint8Array(length).fill(length)
      const there = await subtle.encrypt({ name: 'AES-GCM', iv }, zeros, plain)
      same(hex(await subtle.decrypt({ name: 'AES-GCM', iv }, zeros, there)), hex(plain))
    }
    same(hex(await subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, zeros, new Uint8Array())), '58e2fccefa7e3061367f1d57a4e7455a')
    same(await thrown(() => subtle.decrypt({ ...params, additionalData: new Uint8Array(1) }, key, sealed)), 'OperationError')
    same(await thrown(() => subtle.decrypt({ ...params, tagLength: 100 }, key, sealed)), 'OperationError')
    same(await thrown(() => subtle.decrypt(params, key, new Uint8Array(3))), 'OperationError')
    same(await thrown(() => subtle.decrypt({ ...params, iv: new Uint8Array(13) }, key, sealed)), 'NotSupportedError')
  },
  async 'AES-KW (RFC 3394, 4.1) wraps and unwraps'() {
    const wrapping = await raw(bytes('00010203 04050607 08090a0b 0c0d0e0f'), 'AES-KW', 'wrapKey', 'unwrapKey')
    const key = await raw(bytes('00112233 44556677 8899aabb ccddeeff'), 'AES-CBC', 'encrypt')
    const wrapped = await subtle.wrapKey('raw', key, wrapping, 'AES-KW')
    same(hex(wrapped), '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5')
    const back = await subtle.unwrapKey('raw', wrapped, wrapping, 'AES-KW', 'AES-CBC', true, ['encrypt'])
    same(hex(await subtle.exportKey('raw', back)), '00112233445566778899aabbccddeeff')
    new Uint8Array(wrapped)[0] ^= 1
    same(await thrown(() => subtle.unwrapKey('raw', wrapped, wrapping, 'AES-KW', 'AES-CBC', true, ['encrypt'])), 'OperationError')
    const locked = await subtle.importKey('raw', AES_KEY, 'AES-CBC', false, ['encrypt'])
    same(await thrown(() => subtle.wrapKey('raw', locked, wrapping, 'AES-KW')), 'InvalidAccessError')
  },
  async 'HMAC (RFC 4231, 4.3; RFC 2202, 3)'() {
    const data = utf8('what do ya want for nothing?')
    for (const [hash, wanted] of [
      ['SHA-1', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
      ['SHA-256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
      ['SHA-384', 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649'],
      ['SHA-512', '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737'],
    ]) {
      const key = await raw(utf8('Jefe'), { name: 'HMAC', hash }, 'sign', 'verify')
      const signature = await subtle.sign('HMAC', key, data)
      same(hex(signature), wanted)
      same([await subtle.verify('HMAC', key, signature, data), await subtle.verify('HMAC', key, signature.slice(1), data)], [true, false])
    }
    const made = await subtle.generateKey({ name: 'HMAC', hash: 'SHA-512' }, true, ['sign'])
    same([made.algorithm, made.usages, (await subtle.exportKey('raw', made)).byteLength], [{ name: 'HMAC', length: 1024, hash: { name: 'SHA-512' } }, ['sign'], 128])
    same(await thrown(() => subtle.verify('HMAC', made, new Uint8Array(), data)), 'InvalidAccessError')
  },
  async 'PBKDF2 (RFC 6070) and HKDF (RFC 5869, A.1)'() {
    const password = await subtle.importKey('raw', utf8('password'), 'PBKDF2', false, ['deriveBits', 'deriveKey'])
    const params = { name: 'PBKDF2', hash: 'SHA-1', salt: utf8('salt'), iterations: 4096 }
    same(hex(await subtle.deriveBits(params, password, 160)), '4b007901b765489abead49d926f721d065a429c1')
    const secret = await subtle.importKey('raw', bytes('0b'.repeat(22)), 'HKDF', false, ['deriveBits'])
    const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: bytes('000102030405060708090a0b0c'), info: bytes('f0f1f2f3f4f5f6f7f8f9') }
    same(hex(await subtle.deriveBits(hkdf, secret, 336)), '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
    const key = await subtle.deriveKey(params, password, { name: 'AES-GCM', length: 256 }, true, ['encrypt'])
    same(hex(await subtle.exportKey('raw', key)).slice(0, 40), '4b007901b765489abead49d926f721d065a429c1')
    same(await thrown(() => subtle.deriveBits(params, password, null)), 'OperationError')
    same(await thrown(() => subtle.deriveBits({ ...params, iterations: 0 }, password, 160)), 'OperationError')
    same(await thrown(() => subtle.deriveBits(hkdf, secret, 256 * 255 * 8 + 8)), 'OperationError')
    same(await thrown(() => subtle.deriveKey(hkdf, secret, 'HKDF', false, ['deriveBits'])), 'InvalidAccessError')
    same(await thrown(() => subtle.importKey('raw', utf8('x'), 'PBKDF2', true, ['deriveBits'])), 'SyntaxError')
  },
  async 'ECDSA (RFC 6979, A.2.5 and A.2.7)'() {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const key = await jwk(P256, algorithm, 'sign')
    const { d, ...open } = P256
    const publicKey = await jwk(open, algorithm, 'verify')
    for (const [hash, r] of [
      ['SHA-1', '61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32'],
      ['SHA-256', 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716'],
      ['SHA-512', '8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00'],
    ]) {
      const params = { name: 'ECDSA', hash }
      const signature = await subtle.sign(params, key, utf8('sample'))
      same([hex(signature).slice(0, 64), signature.byteLength], [r, 64])
      same(await subtle.verify(params, publicKey, signature, utf8('sample')), true)
      same(await subtle.verify(params, publicKey, signature, utf8('simple')), false)
      same(await subtle.verify(params, publicKey, signature.slice(1), utf8('sample')), false)
    }
    const wide = {
      kty: 'EC',
      crv: 'P-521',
      d: '00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538',
      x: '01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a4',
      y: '00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5',
    }
    const wideKey = await jwk(wide, { name: 'ECDSA', namedCurve: 'P-521' }, 'sign')
    const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-1' }, wideKey, utf8('sample'))
    same(hex(signature).slice(0, 132), '00343b6ec45728975ea5cba6659bbb6062a5ff89eea58be3c80b619f322c87910fe092f7d45bb0f8eee01ed3f20babec079d202ae677b243ab40b5431d497c55d75d')
    same(await thrown(() => jwk({ ...P256, x: P256.y }, algorithm, 'sign')), 'DataError')
    same(await thrown(() => subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, publicKey, utf8('sample'))), 'InvalidAccessError')
  },
  async 'ECDH and X25519 (RFC 5903, 8.1; RFC 7748, 6.1)'() {
    const algorithm = { name: 'ECDH', namedCurve: 'P-256' }
    const point = (x, y) => raw(bytes(`04${x}${y}`), algorithm)
    const initiator = {
      kty: 'EC',
      crv: 'P-256',
      d: 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433',
      x: 'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180',
      y: '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
    }
    const key = await jwk(initiator, algorithm, 'deriveBits')
    const other = await point('d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63', '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab')
    const secret = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de'
    same(hex(await subtle.deriveBits({ name: 'ECDH', public: other }, key)), secret)
    same(hex(await subtle.deriveBits({ name: 'ECDH', public: other }, key, 12)), 'd680')
    same(await thrown(() => subtle.deriveBits({ name: 'ECDH', public: other }, key, 264)), 'OperationError')
    same(await thrown(() => subtle.deriveBits({ name: 'ECDH', public: key }, key)), 'InvalidAccessError')
    same(await thrown(() => raw(bytes(`04${'00'.repeat(64)}`), algorithm)), 'DataError')
    const alice = {
      kty: 'OKP',
      crv: 'X25519',
      d: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      x: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    }
    const own = await jwk(alice, 'X25519', 'deriveBits')
    const bob = await raw(bytes('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'), 'X25519')
    same(hex(await subtle.deriveBits({ name: 'X25519', public: bob }, own)), '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
    const weak = await raw(new Uint8Array(32), 'X25519')
    same(await thrown(() => subtle.deriveBits({ name: 'X25519', public: weak }, own)), 'OperationError')
    same(await thrown(() => subtle.deriveBits({ name: 'X25519', public: other }, own)), 'InvalidAccessError')
  },
})
