// fetch (Fetch, 5.6). Nothing leaves the host yet: every request is refused with the rule that would allow it.

import { requireRequest } from "./invocation.ts";
import { Request, type RequestInit } from "./request.ts";
import type { Response } from "./response.ts";
import { endpointOf } from "./url.ts";
import { requireArguments } from "./webidl.ts";

export async function fetch(input: unknown, init?: RequestInit): Promise<Response> {
  requireRequest("fetch");
  requireArguments(arguments.length, 1, "fetch");
  const request = new Request(input, init);
  if (request.signal.aborted) {
    void request.body?.cancel(request.signal.reason);
    throw request.signal.reason;
  }
  const { protocol, hostname, port } = endpointOf(request.url);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TypeError(`fetch cannot load ${protocol} URLs; only http: and https: are available`);
  }
  throw new TypeError(
    `fetch to ${protocol}//${hostname}:${port} was refused: no egress rule allows it. Allow host "${hostname}" (port ${port}) in this function's egress rules.`,
  );
}
