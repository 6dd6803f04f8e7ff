// Bytes as sixteen to a row: offset, hex, and the printable ones as characters.
import { bytes as size } from '../../../text/format'
import type { BodySnapshot } from '../state/bodyBuffer'

/** More rows than anybody reads; the whole body can be saved. */
const SHOWN_BYTES = 16 * 1024

export function HexDump({ body }: { body: BodySnapshot }) {
  const whole = body.bytes()
  const rows = []
  for (let at = 0; at < Math.min(whole.length, SHOWN_BYTES); at += 16) rows.push(hexRow(whole.subarray(at, at + 16), at))
  return (
    <>
      <pre class="overflow-x-auto font-mono text-2xs leading-5">{rows.join('\n')}</pre>
      {whole.length > SHOWN_BYTES && (
        <p class="mt-2 text-xs text-muted">
          The first {size(SHOWN_BYTES)} of {size(whole.length)}.
        </p>
      )}
    </>
  )
}

function hexRow(row: Uint8Array, at: number): string {
  const hex = [...row].map((byte, index) => byte.toString(16).padStart(2, '0') + (index === 7 ? ' ' : '')).join(' ')
  const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('')
  return `${at.toString(16).padStart(8, '0')}  ${hex.padEnd(48)}  ${text}`
}
