import { customAlphabet, customRandom, nanoid, urlAlphabet } from 'nanoid'
import { report } from './report'

export default report(() => {
  const ids = Array.from({ length: 500 }, () => nanoid())
  const digits = customAlphabet('0123456789', 12)
  let state = 1
  const steady = customRandom(urlAlphabet, 10, (size) => Uint8Array.from({ length: size }, () => (state = (state * 75) % 65537)))
  return {
    unique: new Set(ids).size, shaped: ids.every((id) => /^[\w-]{21}$/.test(id)), short: nanoid(5).length,
    digits: /^\d{12}$/.test(digits()), steady: [steady(), steady()],
  }
})
