// What is known about the one request this copy of the engine handles, for the files that must agree on it.
// The handling itself is in handler.ts.

import { native, PHASE_REQUEST } from "./native.ts";

/** Reset for each request; one copy of the engine handles one request at a time. */
export const invocation = {
  /** The response head was handed over, or a failure was reported in its place. */
  answered: false,
};

/** Throws unless a request is being handled. `what` is the API as a tenant writes it. */
export function requireRequest(what: string): void {
  if (native.phase() !== PHASE_REQUEST) {
    throw new Error(
      `${what} is not available while the module starts up: there is no I/O and no timer at the top level. Move the call into the fetch handler.`,
    );
  }
}
