// fetch (Fetch, 5.6): the entry. data: URLs are answered here; what goes out is in http-fetch.ts.

import { parseDataUrl } from "./data-url.ts";
import { httpFetch } from "./http-fetch.ts";
import { requireRequest } from "./invocation.ts";
import { Request, type RequestInit, requestParts } from "./request.ts";
import { fetchedResponse, type Response } from "./response.ts";
import { protocolOf } from "./url.ts";
import { requireArguments } from "./webidl.ts";

export async function fetch(input: unknown, init?: RequestInit): Promise<Response> {
  requireRequest("fetch");
  requireArguments(arguments.length, 1, "fetch");
  const request = new Request(input, init);
  if (request.signal.aborted) {
    void request.body?.cancel(request.signal.reason);
    throw request.signal.reason;
  }
  const protocol = protocolOf(request.url);
  if (protocol === "data:") {
    const content = parseDataUrl(request.url);
    if (content === null) throw new TypeError("fetch: the data: URL is not valid");
    return fetchedResponse(request.method === "HEAD" ? null : content.bytes, request.url, 200, "OK", ["content-type", content.type]);
  }
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TypeError(`fetch cannot load ${protocol} URLs; only http:, https: and data: are available`);
  }
  return httpFetch(requestParts(request));
}
