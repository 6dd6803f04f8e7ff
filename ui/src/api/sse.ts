// Server-sent events read from a `fetch` body (EventSource can neither POST nor send a header). Bytes in, events out;
// what an event means is the caller's. Follows the HTML standard's parsing rules, `retry:` aside.

export interface ServerSentEvent {
  event: string
  data: string
  /** The last id that the stream gave, to resume after it; empty while it gave none. */
  id: string
}

export async function* parseEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerSentEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let pending = ''
  let event = ''
  let id = ''
  let data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      pending += value
      // A carriage return at the very end may be half of a CRLF: it waits for the next chunk.
      const lines = pending.split(/\r\n|\n|\r(?!$)/)
      pending = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id }
          event = ''
          data = []
          continue
        }
        const colon = line.indexOf(':')
        if (colon === 0) continue
        const field = colon < 0 ? line : line.slice(0, colon)
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
        if (field === 'event') event = text
        else if (field === 'data') data.push(text)
        else if (field === 'id') id = text
      }
    }
  } finally {
    // Leaving early (Stop, or an error in the caller) ends the request too.
    await reader.cancel().catch(() => undefined)
  }
}
