// The `Intl` object itself, put up before anything of it: the packages that fill it look for it as they load. `intl.ts` fills it.

import { getCanonicalLocales } from "@formatjs/intl-getcanonicallocales";

export const intl: Record<string, unknown> = {};

/** A member of a built-in object: there, but not among what a loop sees. */
export function define(target: object, members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
}

define(globalThis, { Intl: intl });
define(intl, { getCanonicalLocales });
Object.defineProperty(intl, Symbol.toStringTag, { value: "Intl", configurable: true });
