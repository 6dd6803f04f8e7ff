// DEVELOPMENT ONLY. The REST API for the walks: what a page is to show is made, and what it did is looked up, with the console's own session.
import assert from 'node:assert/strict'

export function apiOf(origin, token) {
  const status = (method, path, body, headers = {}) => {
    const sent = { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers } }
    if (body !== undefined) sent.body = JSON.stringify(body)
    return fetch(`${origin}${path}`, sent)
  }
  const api = async (method, path, body, headers) => {
    const response = await status(method, path, body, headers)
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
  const etag = async (path) => (await status('GET', path)).headers.get('etag')
  return Object.assign(api, { status, etag })
}
