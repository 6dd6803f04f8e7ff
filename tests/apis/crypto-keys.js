// crypto.subtle: RSA and Ed25519, keys in every format and as values, and what is refused of them.
import { handler, same, thrown } from './checks.js'

const { subtle } = crypto
const fromBase64 = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
const utf8 = (text) => new TextEncoder().encode(text)
const text = (data) => new TextDecoder().decode(data)

/** A key of 1024 bits, made for this file, and what OpenSSL made with it of the text "isolet". */
const RSA_KEY = fromBase64(
  'MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAN7NQH4vlN1QTwb+ejR5dMkdYeyPJbVkwWGegb4n/SHfvENnYBQirgv3UbrPC2jYxg9hT1q/' +
  'ZqbplWOlaQEsftnR01avGCU4IljiHXhHqc+uSr3hElaPnqH87FdwwTiXxkduFLp0H22CPYWmWgGChLYmyVzzPs4jkftJ5JKpA+ljAgMBAAECgYAkZzzmYTfd' +
  'gUWoSuQEtuOSCK77S9hJbxD5tkBUpYwCgN/t03IrWA8//UTpVPL0Spbx5GBm32cSVpAGG/ywKGkBN+OT1SwevcZf0WvWZWlJmS+izUFoCg8s1DqDOcYIBbf7' +
  'bscfr1usruuwSMxVwZAhBdFFcPTLhPOqosMQaWMjIQJBAPd4OWwSZC09uLG6GROlLYP9dikRrmZXYVwdJEetdcsmBzFjtXVSWUrVf+Mht2371gpE+4LzrEJd' +
  '0nciMFgtZm8CQQDme1kbn9CuM5PbkrZ7pvC2qAhkCPIYd2FxfRE0hc3NfI26ACRNbH4EI9uUD0yFbY8pkEGi7HKlEoH8y64LIoZNAkEAxNczTZw/ZKEApRWy' +
  '1qZ/UsqsTzSKNUtx3NQtRHpcBM/lzspRztVGwziZdfAeuHQlp5uBN4NdVJjOTQa7z5elLwJAQjfcIRiobvQ4ndQoA5yx+fiK+JqtW6Qo5d9F6y4qM8h+O5tA' +
  '0tHB3tSiiIZguNECWbGtee6u/Yg0unmWVnKj3QJBAM623c3W9ahc8a+dnRbn00R7xX4pcY/otc55QhoGYeq0C1osvNe6d1QASHnm37yeJGeQ3bdXkxcLWi5S' +
  'J53yA9Q=',
)
const PKCS1_SIGNATURE = fromBase64(
  'BkhRRJw1BCP/0O2t7N86GnpP59U03tZWGgsLOFxa4EV+E7Jq17BuXgn6wANIFqmmilSzsSqa9UAWCWwiR67T2hTLS0mPMjVfkeXdi0IWINHKFqx7yqCx86cm' +
  'RnN3YdqPQyMj4FFPReOTQw2YHFSaqUCpViB+mQc2gNyj0vHclHw=',
)
const PSS_SIGNATURE = fromBase64(
  'WDRWg5rDH+rfOAaXHakyyQdkkNiSL2+NWe//FogiEEw1fX/X80QJKEZ968Sca1JkFd1GfdTS7YiBfHlEm+lMoOgWtQps7hfaR/WpiJ4WBiaLdUxqZZCCEmx4' +
  'KuXXErN3XqnBxRJfgwOsXYfesTfbJ529tMmJA/wXyJ1uSGQutxc=',
)
const OAEP_TEXT = fromBase64(
  'tCOCvxpMyPuRWqUKEnUQu9LSFXhctkbomeqE1mE2e3k1kePq2dxdn5SpxEuZigywJPzwv6+F5MNlDfxpqjDO0CBmzpOiClvgDp5V60fFTyhm0hXL4OaxAx5j' +
  'ydHs/khMVQiAQ/ci0y0M8mMAyhobqxGunn0JR8y89NmIE5t6jVo=',
)
const RSA = ['RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP']

const rsaKey = (name, hash, ...usages) => subtle.importKey('pkcs8', RSA_KEY, { name, hash }, true, usages)

/** The public key of a private one. */
const publicOf = async (key, ...usages) => {
  const { d, p, q, dp, dq, qi, key_ops, ...open } = await subtle.exportKey('jwk', key)
  return subtle.importKey('jwk', open, key.algorithm, true, usages)
}

export default handler({
  async 'RSA signatures of another implementation, both ways'() {
    const data = utf8('isolet')
    const key = await rsaKey('RSASSA-PKCS1-v1_5', 'SHA-256', 'sign')
    const signature = await subtle.sign('RSASSA-PKCS1-v1_5', key, data)
    same([...new Uint8Array(signature)], [...PKCS1_SIGNATURE])
    const publicKey = await publicOf(key, 'verify')
    same([publicKey.algorithm.modulusLength, [...publicKey.algorithm.publicExponent]], [1024, [1, 0, 1]])
    same(await subtle.verify('RSASSA-PKCS1-v1_5', publicKey, signature, data), true)
    same(await subtle.verify('RSASSA-PKCS1-v1_5', publicKey, signature, utf8('other')), false)
    const pssKey = await rsaKey('RSA-PSS', 'SHA-256', 'sign')
    const pssPublic = await publicOf(pssKey, 'verify')
    const pss = { name: 'RSA-PSS', saltLength: 20 }
    same(await subtle.verify(pss, pssPublic, PSS_SIGNATURE, data), true)
    same(await subtle.verify({ ...pss, saltLength: 32 }, pssPublic, PSS_SIGNATURE, data), false)
    same(await subtle.verify(pss, pssPublic, await subtle.sign(pss, pssKey, data), data), true)
    same(await thrown(() => subtle.sign({ ...pss, saltLength: 2 ** 32 - 1 }, pssKey, data)), 'OperationError')
    same(await subtle.verify({ ...pss, saltLength: 2 ** 32 - 1 }, pssPublic, PSS_SIGNATURE, data), false)
  },
  async 'RSA-OAEP opens what another implementation sealed'() {
    const key = await rsaKey('RSA-OAEP', 'SHA-1', 'decrypt', 'unwrapKey')
    const params = { name: 'RSA-OAEP', label: utf8('label') }
    same(text(await subtle.decrypt(params, key, OAEP_TEXT)), 'isolet')
    same(await thrown(() => subtle.decrypt({ name: 'RSA-OAEP' }, key, OAEP_TEXT)), 'OperationError')
    const publicKey = await publicOf(key, 'encrypt', 'wrapKey')
    const sealed = await subtle.encrypt({ name: 'RSA-OAEP' }, publicKey, utf8('back'))
    same(text(await subtle.decrypt({ name: 'RSA-OAEP' }, key, sealed)), 'back')
    same(await thrown(() => subtle.encrypt({ name: 'RSA-OAEP' }, publicKey, new Uint8Array(87))), 'OperationError')
    const secret = await subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt'])
    const wrapped = await subtle.wrapKey('raw', secret, publicKey, { name: 'RSA-OAEP' })
    const back = await subtle.unwrapKey('raw', wrapped, key, { name: 'RSA-OAEP' }, 'AES-GCM', true, ['encrypt'])
    same([...new Uint8Array(await subtle.exportKey('raw', back))], [...new Uint8Array(await subtle.exportKey('raw', secret))])
  },
  async 'Ed25519 (RFC 8037, A.1 to A.4)'() {
    const jwk = { kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    const key = await subtle.importKey('jwk', jwk, 'Ed25519', true, ['sign'])
    const data = utf8('eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc')
    const wanted = fromBase64('hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg')
    const signature = new Uint8Array(await subtle.sign('Ed25519', key, data))
    same([...signature], [...wanted])
    const publicKey = await subtle.importKey('raw', fromBase64(jwk.x), 'Ed25519', true, ['verify'])
    same(await subtle.verify('Ed25519', publicKey, signature, data), true)
    signature[0] ^= 1
    same(await subtle.verify('Ed25519', publicKey, signature, data), false)
    same(await thrown(() => subtle.importKey('jwk', { ...jwk, x: jwk.d }, 'Ed25519', true, ['sign'])), 'DataError')
  },
  async 'keys come back from every format they have'() {
    const pairs = [
      ...['P-256', 'P-384', 'P-521'].map((namedCurve) => [{ name: 'ECDSA', namedCurve }, ['sign'], ['verify']]),
      [{ name: 'ECDH', namedCurve: 'P-384' }, ['deriveBits'], []],
      [{ name: 'Ed25519' }, ['sign'], ['verify']],
      [{ name: 'X25519' }, ['deriveBits'], []],
    ]
    for (const [algorithm, own, others] of pairs) {
      const { publicKey, privateKey } = await subtle.generateKey(algorithm, true, [...own, ...others])
      same([publicKey.type, privateKey.type, privateKey.usages, publicKey.usages], ['public', 'private', own, others])
      for (const [key, usages, formats] of [[privateKey, own, ['pkcs8', 'jwk']], [publicKey, others, ['raw', 'spki', 'jwk']]]) {
        for (const format of formats) {
          const written = await subtle.exportKey(format, key)
          const again = await subtle.exportKey(format, await subtle.importKey(format, written, algorithm, true, usages))
          same(format === 'jwk' ? again : [...new Uint8Array(again)], format === 'jwk' ? written : [...new Uint8Array(written)])
        }
      }
      same(await thrown(() => subtle.exportKey('raw', privateKey)), 'InvalidAccessError')
      same(await thrown(() => subtle.exportKey('pkcs8', publicKey)), 'InvalidAccessError')
    }
    for (const name of RSA) {
      const usages = name === 'RSA-OAEP' ? ['decrypt'] : ['sign']
      const key = await rsaKey(name, 'SHA-512', ...usages)
      const jwk = await subtle.exportKey('jwk', key)
      same(jwk.alg, { 'RSA-OAEP': 'RSA-OAEP-512', 'RSA-PSS': 'PS512', 'RSASSA-PKCS1-v1_5': 'RS512' }[name])
      const again = await subtle.importKey('jwk', jwk, { name, hash: 'SHA-512' }, true, usages)
      same([...new Uint8Array(await subtle.exportKey('pkcs8', again))], [...RSA_KEY])
      same(await thrown(() => subtle.exportKey('raw', key)), 'NotSupportedError')
      same(await thrown(() => subtle.importKey('jwk', { ...jwk, alg: 'none' }, { name, hash: 'SHA-512' }, true, usages)), 'DataError')
    }
  },
  async 'RSA keys are made, and only sensible ones'() {
    const algorithm = { name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }
    const { publicKey, privateKey } = await subtle.generateKey(algorithm, false, ['sign', 'verify'])
    same([publicKey.extractable, privateKey.extractable, privateKey.algorithm.modulusLength], [true, false, 1024])
    const params = { name: 'RSA-PSS', saltLength: 32 }
    same(await subtle.verify(params, publicKey, await subtle.sign(params, privateKey, utf8('x')), utf8('x')), true)
    for (const wrong of [{ modulusLength: 512 }, { modulusLength: 1 << 20 }, { publicExponent: new Uint8Array([1]) }, { publicExponent: new Uint8Array([2]) }]) {
      same(await thrown(() => subtle.generateKey({ ...algorithm, ...wrong }, false, ['sign'])), 'OperationError')
    }
  },
  async 'a key does what it was made for and nothing else'() {
    const gcm = { name: 'AES-GCM', length: 128 }
    const key = await subtle.generateKey(gcm, false, ['encrypt'])
    const params = { name: 'AES-GCM', iv: new Uint8Array(12) }
    same(await thrown(() => subtle.decrypt(params, key, new Uint8Array(32))), 'InvalidAccessError')
    same(await thrown(() => subtle.encrypt({ name: 'AES-CTR', counter: new Uint8Array(16), length: 8 }, key, new Uint8Array(1))), 'InvalidAccessError')
    same(await thrown(() => subtle.exportKey('raw', key)), 'InvalidAccessError')
    same(await thrown(() => subtle.generateKey(gcm, true, [])), 'SyntaxError')
    same(await thrown(() => subtle.generateKey(gcm, true, ['sign'])), 'SyntaxError')
    same(await thrown(() => subtle.generateKey({ ...gcm, length: 100 }, true, ['encrypt'])), 'OperationError')
    same(await thrown(() => subtle.generateKey({ name: 'ML-KEM-768' }, true, ['encrypt'])), 'NotSupportedError')
    same(await thrown(() => subtle.generateKey({ name: 'ECDSA', namedCurve: 'secp256k1' }, true, ['sign'])), 'NotSupportedError')
    same(await thrown(() => subtle.importKey('raw', new Uint8Array(15), 'AES-GCM', true, ['encrypt'])), 'DataError')
    same(await thrown(() => subtle.importKey('jwk', { kty: 'oct', k: 'AA==' }, 'AES-GCM', true, ['encrypt'])), 'DataError')
    const jwk = { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA' }
    for (const wrong of [{ ext: false }, { use: 'sig' }, { key_ops: ['decrypt'] }, { key_ops: ['encrypt', 'encrypt'] }, { alg: 'A256GCM' }, { kty: 'RSA' }]) {
      same([Object.keys(wrong)[0], await thrown(() => subtle.importKey('jwk', { ...jwk, ...wrong }, 'AES-GCM', true, ['encrypt']))], [Object.keys(wrong)[0], 'DataError'])
    }
    same(await thrown(() => subtle.encrypt(params, {}, new Uint8Array(1))), 'TypeError')
  },
  async 'a key is a value of its own kind'() {
    const key = await subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
    key.usages.length = 0
    key.algorithm.name = 'AES-GCM'
    same([Object.keys(key), key.algorithm === key.algorithm], [[], true])
    const copy = structuredClone({ key }).key
    same([copy instanceof CryptoKey, copy === key, copy.usages, copy.algorithm.name], [true, false, ['sign', 'verify'], 'HMAC'])
    const signature = await subtle.sign('HMAC', key, utf8('x'))
    same(await subtle.verify('HMAC', copy, signature, utf8('x')), true)
    same(await thrown(() => Object.getOwnPropertyDescriptor(CryptoKey.prototype, 'type').get.call({})), 'TypeError')
    same(await thrown(() => new CryptoKey()), 'TypeError')
    same(await thrown(() => subtle.exportKey('raw', copy)), 'InvalidAccessError')
  },
})
