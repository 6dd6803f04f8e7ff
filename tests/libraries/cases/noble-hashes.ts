import { blake2b } from '@noble/hashes/blake2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js'
import { scrypt } from '@noble/hashes/scrypt.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { keccak_256, sha3_256, shake128 } from '@noble/hashes/sha3.js'
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { report } from './report'

export default report(async () => {
  const text = utf8ToBytes('The quick brown fox jumps over the lazy dog')
  const long = new Uint8Array(20_000).fill(7)
  const streamed = sha256.create()
  for (let at = 0; at < long.length; at += 777) streamed.update(long.subarray(at, at + 777))
  const all: Record<string, Uint8Array> = {
    sha256: sha256(text), sha512: sha512(text), sha3: sha3_256(text), keccak: keccak_256(text), shake: shake128(text, { dkLen: 40 }),
    blake2b: blake2b(text, { key: utf8ToBytes('key') }), blake3: blake3(text, { dkLen: 64 }), streamed: streamed.digest(), whole: sha256(long),
    hmac: hmac(sha256, utf8ToBytes('key'), text), hkdf: hkdf(sha256, text, utf8ToBytes('salt'), utf8ToBytes('info'), 42),
    pbkdf2: await pbkdf2Async(sha256, 'password', 'salt', { c: 16, dkLen: 32 }), scrypt: scrypt('password', 'salt', { N: 16, r: 8, p: 1, dkLen: 32 }),
  }
  return { ...Object.fromEntries(Object.entries(all).map(([name, bytes]) => [name, bytesToHex(bytes)])), random: randomBytes(16).length }
})
