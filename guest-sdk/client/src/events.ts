// Server-sent events (HTML standard §9.2) from the body of an answer: bytes in, events out. `id` and `retry` are not kept, since the
// streams of runs cannot be taken up again. What an event means is the caller's.

export interface ServerSentEvent {
  event: string
  data: string
}

/** Yields the events of a body as they arrive. Leaving early ends the request. */
export async function* parseEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<ServerSentEvent, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let pending = ''
  let event = ''
  let data: string[] = []
  try {
    for (;;) {
      const { done, value = '' } = await reader.read()
      pending += value
      // A carriage return at the very end may be half of a CRLF: it waits for the next chunk, if there is one.
      const lines = pending.split(done ? /\r\n|\n|\r/ : /\r\n|\n|\r(?!$)/)
      pending = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: event || 'message', data: data.join('\n') }
          event = ''
          data = []
          continue
        }
        const colon = line.indexOf(':')
        // A comment: the server's sign of life.
        if (colon === 0) continue
        const field = colon < 0 ? line : line.slice(0, colon)
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
        if (field === 'event') event = text
        else if (field === 'data') data.push(text)
      }
      // What no empty line ended is dropped.
      if (done) return
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
