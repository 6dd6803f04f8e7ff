// Finds a module's handler, and says at deploy when there is none.

import { hasGlobalListeners } from "./events.ts";

export type Handler = (request: object, env: object, ctx: object) => unknown;

/** A function called as a function, or the object whose `fetch` method is the handler. */
export type EntryPoint = Handler | { fetch: Handler };

type Namespace = Record<string, unknown>;

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 5).join(", ")}${keys.length > 5 ? ", …" : ""}`;
}

const EXAMPLE = "export default { async fetch(request, env, ctx) { return new Response(\"hello\"); } }";

/** Whether the module is in the form of a service worker: it exports nothing and listens for "fetch". */
export function answersByEvent(ns: object): boolean {
  const found = (ns as Namespace).default;
  // What CommonJS exports when it exports nothing.
  const isNothing = found === undefined || (typeof found === "object" && found !== null && Object.keys(found).length === 0);
  return isNothing && hasGlobalListeners("fetch");
}

/** `null` when `ns` has a usable default handler, else a sentence that says what to write. */
export function checkModule(ns: object): string | null {
  const found = (ns as Namespace).default;
  if (answersByEvent(ns)) return null;
  if (typeof found === "function") {
    return isClass(found) ? `the main module's default export is a class; export an object or a function instead, such as: ${EXAMPLE}` : null;
  }
  if (found === undefined) {
    return `the main module has no default export with a fetch handler; add one, such as: ${EXAMPLE}`;
  }
  if (typeof found === "object" && found !== null) {
    const { fetch } = found as { fetch?: unknown };
    if (typeof fetch === "function") return null;
    if (fetch !== undefined) return `the default export's fetch is ${describe(fetch)}, not a function; write it like this: ${EXAMPLE}`;
  }
  return `the default export is ${describe(found)} and has no fetch handler; write it like this: ${EXAMPLE}`;
}

function isClass(fn: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn));
}

/** Why `ns[entrypoint]` cannot be called, once that has turned out. */
export function missingEntryPoint(ns: object, entrypoint: string): TypeError {
  const found = (ns as Namespace)[entrypoint];
  if (found === undefined) {
    return new TypeError(`the main module has no export named "${entrypoint}"; its exports are ${Object.keys(ns).join(", ") || "none"}`);
  }
  return new TypeError(`the export "${entrypoint}" is ${describe(found)} and has no fetch handler`);
}
