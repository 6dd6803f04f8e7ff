// WebSocket, of which only the name is here: libraries look for it as they are set up, Supabase's client for one, and refuse to go on
// without it although nothing is ever sent by it. Those that do open one are ready for a constructor that throws, as the standard's may.

import { DOMException } from "./dom-exception.ts";
import { EventTarget } from "./events.ts";
import { defineConstants, defineInterface, requireArguments } from "./webidl.ts";

export class WebSocket extends EventTarget {
  constructor(_url: string, _protocols?: string | string[]) {
    requireArguments(arguments.length, 1, "WebSocket");
    super();
    throw new DOMException("outgoing WebSockets are not supported; use fetch, whose answers may be streams", "NotSupportedError");
  }
}

defineInterface(WebSocket, "WebSocket", 1);
defineConstants(WebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
