// Runs a few make-believe requests before the memory is frozen, with natives that do nothing. What the engine builds the
// first time (shapes, lazily made properties, interned names) then lies in the base, instead of costing every request
// the time and the pages to build it again.

import { format } from "./format.ts";
import { handle } from "./handler.ts";
import type { Handler } from "./module-check.ts";
import { type Native, native } from "./native.ts";
import { promiseResolve, promiseThen } from "./primordials.ts";
import type { Request } from "./request.ts";
import { Response } from "./response.ts";
import { URL } from "./url.ts";

const NO_BYTES = new Uint8Array(0);

/** Stand-ins for the natives that do something outside of the engine's memory. */
const stubs: Partial<Native> = {
  requestHeaders: () => ["host", "warm.invalid", "accept", "*/*", "user-agent", "warm-up"],
  env: () => ["NAME", "value"],
  hasBody: () => true,
  bodyRead: () => promiseResolve(null),
  respond: () => {},
  bodyWrite: () => promiseResolve(undefined),
  bodyClose: () => {},
  bodyAbort: () => {},
  done: () => {},
  fail: () => {},
  log: () => {},
  utf8Encode: () => NO_BYTES as Uint8Array<ArrayBuffer>,
  utf8Decode: () => "{}",
};

function replaceNatives(): () => void {
  const real: Partial<Native> = {};
  for (const name of Object.keys(stubs) as (keyof Native)[]) Object.assign(real, { [name]: native[name] });
  Object.assign(native, stubs);
  return () => void Object.assign(native, real);
}

const synchronous: Handler[] = [
  () => new Response("text"),
  (request, env) => {
    const { pathname, searchParams } = new URL((request as Request).url);
    const accept = (request as Request).headers.get("accept");
    return new Response(`${pathname}${accept}${searchParams.get("q")}${Object.keys(env).length}`, {
      status: 200,
      headers: { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "x-other": "1" },
    });
  },
  (request) => Response.json({ method: (request as Request).method, list: [1, "two", null] }, { status: 201 }),
  () => new Response(new Uint8Array(1)),
  () => new Response(null, { status: 204 }),
  () => {
    format(["%s", { a: [1] }]);
    throw new TypeError("warm-up");
  },
];

const asynchronous: Handler[] = [
  async () => new Response("text"),
  async (request, _env, ctx) => {
    (ctx as { waitUntil(promise: unknown): void }).waitUntil(promiseResolve(1));
    return Response.json(await (request as Request).json());
  },
  async (request) => new Response((request as Request).body),
  async () => {
    throw new TypeError("warm-up");
  },
];

const EVERY_PART = { weekday: "long", era: "short", year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", fractionalSecondDigits: 3, timeZoneName: "short" } as const;

/** What the formats read of their data the first time, and parse. */
function useIntl(): void {
  const date = new Date(0);
  // Asked for dates alone, because theirs sort.
  for (const locale of ["en-CA", "sv-SE"]) for (const write of [date.toLocaleDateString, date.toLocaleTimeString, date.toLocaleString]) write.call(date, locale);
  for (const locale of [undefined, "en-US", "en-GB"]) {
    for (const value of [1234.5, 12n, date, ["a"]]) (value as Date).toLocaleString(locale);
    date.toLocaleDateString(locale);
    date.toLocaleTimeString(locale);
    date.toLocaleString(locale, { dateStyle: "full", timeStyle: "full", timeZone: "America/New_York" });
    new Intl.DateTimeFormat(locale, EVERY_PART).formatToParts(date);
    new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false }).formatRange(date, new Date(1e7));
    (12.5).toLocaleString(locale, { style: "currency", currency: "USD" });
    (0.25).toLocaleString(locale, { style: "percent" });
    new Intl.NumberFormat(locale, { notation: "compact" }).format(12_345);
    new Intl.NumberFormat(locale, { style: "unit", unit: "liter", unitDisplay: "long" }).format(2);
    new Intl.PluralRules(locale, { type: "ordinal" }).select(2);
    new Intl.ListFormat(locale).format(["a", "b", "c"]);
    new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-1, "day");
    "a".localeCompare("b", locale);
    new Intl.Collator(locale, { numeric: true, sensitivity: "base" }).compare("a", "b");
    new Intl.Locale(locale ?? "en").maximize();
  }
  "a".localeCompare("b");
}

function run(handler: Handler): void {
  handle({ default: { fetch: handler } }, "default", "POST", "https://warm.invalid/path?q=1");
}

/** The hook. Called once, before freezing; the caller then runs jobs until none is left, which puts the natives back. */
export function warm(): void {
  const restore = replaceNatives();
  let rest = promiseResolve<unknown>(undefined);
  for (const handler of [...synchronous, ...asynchronous, ...synchronous, ...asynchronous]) {
    rest = promiseThen(rest, () => run(handler));
    // One request is handled at a time, so each gets turns of the job queue to end in.
    for (let turn = 0; turn < 30; turn++) rest = promiseThen(rest, () => {});
  }
  void promiseThen(promiseThen(rest, restore, restore), useIntl);
}
