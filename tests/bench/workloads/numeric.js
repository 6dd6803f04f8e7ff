// Workload 3: computes only: integer and floating-point loops, fib(25), and mixing of strings.
const tag = '@@@@TAG@@@@'

const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2))

function sieve(limit) {
  const composite = new Uint8Array(limit)
  let primes = 0
  for (let n = 2; n < limit; n++) {
    if (composite[n]) continue
    primes++
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1
  }
  return primes
}

function harmonic(terms, shift) {
  let sum = 0
  for (let n = 1; n <= terms; n++) sum += 1 / (n + shift)
  return sum
}

function mix(rounds, seed) {
  let text = ''
  let hash = 2166136261 ^ seed
  for (let n = 0; n < rounds; n++) {
    hash = Math.imul(hash ^ (n & 255), 16777619) >>> 0
    text += hash.toString(36)
    if (text.length > 64) text = text.slice(32).split('').reverse().join('').toUpperCase()
  }
  return text
}

export default {
  fetch(request) {
    const q = Number(new URL(request.url).searchParams.get('q'))
    const found = [tag, fib(25), sieve(5000 + q), harmonic(20000, q).toFixed(9), mix(1000, q)]
    return new Response(found.join('\n'))
  },
}
