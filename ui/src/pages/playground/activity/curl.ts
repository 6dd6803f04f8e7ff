// A run as a curl command for a POSIX shell. Only text: nothing here is executed.
import type { RunRequest } from '../../../api/types'

export function curlCommand(url: string, request: RunRequest, stream: boolean): string {
  const lines = [
    `curl ${stream ? '-sSN' : '-sS'} ${shellQuote(url)}`,
    // Double quotes: the shell puts the key in.
    '-H "authorization: Bearer $ISOLET_KEY"',
    "-H 'content-type: application/json'",
    ...(stream ? ["-H 'accept: text/event-stream'"] : []),
    // `--data-raw`: a body that begins with `@` is no file name.
    `--data-raw ${shellQuote(JSON.stringify(request, null, 2))}`,
  ]
  return lines.join(' \\\n  ')
}

/** Between single quotes a shell takes every character as it is, the single quote alone excepted. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
