// Calls of the API as commands to copy, for empty states: the key comes from the reader's environment. Longer calls: the playground's curl tab.

export function apiCommand(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): string {
  const data = body === undefined ? '' : ` -H 'content-type: application/json' --data '${JSON.stringify(body).replaceAll("'", `'\\''`)}'`
  return `curl -sS -X ${method} '${location.origin}${path}' -H "authorization: Bearer $ISOLET_KEY"${data}`
}
