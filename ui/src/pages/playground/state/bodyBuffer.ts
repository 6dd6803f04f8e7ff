// A response body while it arrives: all bytes, and the beginning of it as text, decoded once. How it is shown is `response/`.

/** Beyond this the text view stops; the bytes are all kept, for copying and saving. */
export const TEXT_LIMIT = 512 * 1024

/** What the views read. A new one per update, so that it can be compared by identity. */
export interface BodySnapshot {
  size: number
  text: string
  textIsWhole: boolean
  /** False once a byte sequence was met that is no UTF-8, or a NUL. */
  isText: boolean
  bytes: () => Uint8Array<ArrayBuffer>
}

export class BodyBuffer {
  #chunks: Uint8Array<ArrayBuffer>[] = []
  #size = 0
  #text = ''
  #decoded = 0
  #isText = true
  readonly #decoder = new TextDecoder()
  readonly #strict = new TextDecoder('utf-8', { fatal: true })

  append(chunk: Uint8Array<ArrayBuffer>): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    const room = TEXT_LIMIT - this.#decoded
    if (room <= 0) return
    const part = chunk.subarray(0, room)
    this.#decoded += part.length
    this.#text += this.#decoder.decode(part, { stream: true })
    if (!this.#isText) return
    try {
      this.#strict.decode(part, { stream: true })
      this.#isText = !part.includes(0)
    } catch {
      this.#isText = false
    }
  }

  snapshot(): BodySnapshot {
    return { size: this.#size, text: this.#text, textIsWhole: this.#decoded === this.#size, isText: this.#isText, bytes: () => this.#joined() }
  }

  #joined(): Uint8Array<ArrayBuffer> {
    if (this.#chunks.length === 1 && this.#chunks[0]) return this.#chunks[0]
    const whole = new Uint8Array(this.#size)
    let at = 0
    for (const chunk of this.#chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = [whole]
    return whole
  }
}

export function bytesOfBase64(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
