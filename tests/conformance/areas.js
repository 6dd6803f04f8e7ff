// Which folders of web-platform-tests make up which area, and which of their files are left out, each with its reason.

export const areas = {
  url: ['url'],
  urlpattern: ['urlpattern'],
  encoding: ['encoding'],
  base64: ['html/webappapis/atob'],
  'structured-clone': ['html/webappapis/structured-clone'],
  timers: ['html/webappapis/timers'],
  microtasks: ['html/webappapis/microtask-queuing'],
  abort: ['dom/abort'],
  events: ['dom/events'],
  streams: ['streams'],
  FileAPI: ['FileAPI'],
  compression: ['compression'],
  fetch: ['fetch/api'],
  formdata: ['xhr/formdata'],
  WebCryptoAPI: ['WebCryptoAPI'],
  console: ['console'],
  'hr-time': ['hr-time'],
  'user-timing': ['user-timing'],
}

const SERVER = 'does nothing but ask the test server for handlers of its own (.py, redirects, CORS, caching, cookies)'
const BROWSER = 'needs a window, a document, a worker or a browser\'s cache'
const BLOB_URL = 'blob: URLs are not part of the Minimum Common API'

/** Path prefixes; only what has no use without a browser or a server. What needs them in part is in expected/, line by line. */
export const excluded = [
  ['fetch/api/abort/cache', BROWSER],
  ['fetch/api/basic/accept-header', SERVER],
  ['fetch/api/basic/conditional-get', SERVER],
  ['fetch/api/basic/error-after-response', SERVER],
  ['fetch/api/basic/header-value-combining', SERVER],
  ['fetch/api/basic/http-response-code', SERVER],
  ['fetch/api/basic/keepalive', BROWSER],
  ['fetch/api/basic/mode-no-cors', SERVER],
  ['fetch/api/basic/referrer', SERVER],
  ['fetch/api/basic/request-forbidden-headers', SERVER],
  ['fetch/api/basic/request-headers', SERVER],
  ['fetch/api/basic/request-private-network-headers', SERVER],
  ['fetch/api/basic/request-referrer', SERVER],
  ['fetch/api/basic/response-url', SERVER],
  ['fetch/api/basic/scheme-blob', BLOB_URL],
  ['fetch/api/basic/status.h2', SERVER],
  ['fetch/api/basic/stream-response', SERVER],
  ['fetch/api/cors/', SERVER],
  ['fetch/api/crashtests/', SERVER],
  ['fetch/api/credentials/', SERVER],
  ['fetch/api/redirect/', SERVER],
  ['fetch/api/request/request-cache', SERVER],
  ['fetch/api/response/response-blob-realm', BROWSER],
  ['FileAPI/url/', BLOB_URL],
  ['FileAPI/file/send-file-formdata', SERVER],
]

export function exclusion(file) {
  return excluded.find(([prefix]) => file.startsWith(prefix))?.[1]
}
