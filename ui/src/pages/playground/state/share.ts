// Links to code. A draft is part of its address, packed into the fragment, which browsers never send: whoever has the link can read it, no server
// keeps it. A recorded run is only named in its address. Opening one only fills the editor, after a question; it never runs anything.
import type { Modules } from '../../../api/types'
import { hrefOf } from '../../../app/route'
import type { Draft } from './draft'

export interface Shared {
  modules: Modules
  mainModule: string
  prompt: string
}

/** Unpacked, so that a short link cannot fill the memory of whoever opens it. */
const MOST_BYTES = 1024 * 1024

export async function shareLink(draft: Draft): Promise<string> {
  const shared: Shared = { modules: draft.modules.value, mainModule: draft.mainModule.value, prompt: draft.prompt.value }
  const packed = new Blob([JSON.stringify(shared)]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer())
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  const text = base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  return `${location.origin}${location.pathname}${hrefOf('playground', [], { c: text })}`
}

/** A link to a recorded run: the host keeps it, for keys of this tenant alone, until the run is forgotten. */
export const runLink = (tenant: string, id: string): string => `${location.origin}${location.pathname}${hrefOf('playground', [], { tenant, run: id })}`

/** `null` for what is no draft, or too large for one. */
export async function readShared(text: string): Promise<Shared | null> {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
    const chunks: Uint8Array<ArrayBuffer>[] = []
    let size = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.length
      if (size > MOST_BYTES) {
        await reader.cancel()
        return null
      }
      chunks.push(value)
    }
    const parsed: unknown = JSON.parse(await new Blob(chunks).text())
    return isShared(parsed) ? parsed : null
  } catch {
    return null
  }
}

function isShared(value: unknown): value is Shared {
  if (typeof value !== 'object' || value === null || !('modules' in value) || !('mainModule' in value) || !('prompt' in value)) return false
  const { modules, mainModule, prompt } = value
  if (typeof modules !== 'object' || modules === null || typeof mainModule !== 'string' || typeof prompt !== 'string') return false
  return Object.values(modules).every((text) => typeof text === 'string') && Object.hasOwn(modules, mainModule)
}
