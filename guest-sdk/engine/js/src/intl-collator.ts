// `Intl.Collator`: the options, over the engine's root collation, by which English sorts.

import { LookupSupportedLocales, ResolveLocale } from "@formatjs/intl-localematcher";
import { define, intl } from "./intl-global.ts";
import { native } from "./native.ts";

const LOCALES = ["en", "en-GB", "en-US"];
const KEYWORDS = { co: ["default"], kn: ["false", "true"], kf: ["false", "lower", "upper"] };
const DATA: Record<string, typeof KEYWORDS> = Object.fromEntries(LOCALES.map((locale) => [locale, KEYWORDS]));
const SENSITIVITIES = ["base", "accent", "case", "variant"];
const CASES = ["false", "upper", "lower"];

type Options = Record<string, unknown>;

interface Slots {
  resolved: Intl.ResolvedCollatorOptions;
  /** What the native takes. */
  bits: number;
  compare?: (a: unknown, b: unknown) => number;
}

const slots = new WeakMap<object, Slots>();

function slotsOf(collator: unknown): Slots {
  const found = slots.get(collator as object);
  if (found === undefined) throw new TypeError("not an Intl.Collator");
  return found;
}

function option(options: Options, name: string, allowed: readonly string[], fallback: string): string {
  const value = options[name];
  if (value === undefined) return fallback;
  const text = String(value);
  if (!allowed.includes(text)) throw new RangeError(`${text} is not a valid value for ${name}`);
  return text;
}

const canonical = (locales: unknown): string[] => (intl.getCanonicalLocales as typeof Intl.getCanonicalLocales)(locales as string);

function resolve(locales: unknown, given: unknown): Slots {
  const requested = canonical(locales);
  const options = (given === undefined ? Object.create(null) : Object(given)) as Options;
  if (given === null) throw new TypeError("the options are null");
  const usage = option(options, "usage", ["sort", "search"], "sort") as "sort";
  const localeMatcher = option(options, "localeMatcher", ["lookup", "best fit"], "best fit");
  const { collation, numeric } = options;
  if (collation !== undefined && !/^[a-z\d]{3,8}(-[a-z\d]{3,8})*$/i.test(String(collation))) throw new RangeError(`${String(collation)} is not a collation`);
  const kn = numeric === undefined ? undefined : String(Boolean(numeric));
  const kf = options.caseFirst === undefined ? undefined : option(options, "caseFirst", CASES, "false");
  const found = ResolveLocale(new Set(LOCALES), requested, { localeMatcher, kn, kf }, ["co", "kn", "kf"], DATA, () => "en-US");
  const sensitivity = option(options, "sensitivity", SENSITIVITIES, "variant") as "variant";
  const ignorePunctuation = Boolean(options.ignorePunctuation ?? false);
  const bits = SENSITIVITIES.indexOf(sensitivity) | (found.kn === "true" ? 4 : 0) | (CASES.indexOf(found.kf) << 3) | (ignorePunctuation ? 32 : 0);
  const resolved = { locale: found.locale, usage, sensitivity, ignorePunctuation, collation: "default", numeric: found.kn === "true", caseFirst: found.kf };
  return { resolved, bits };
}

/** Also without `new`, as the standard has it. */
export const Collator = function Collator(this: unknown, locales?: unknown, options?: unknown): object {
  const collator = (new.target === undefined ? Object.create(Collator.prototype) : this) as object;
  slots.set(collator, resolve(locales, options));
  return collator;
} as unknown as { new (locales?: unknown, options?: unknown): Intl.Collator; prototype: Intl.Collator };

define(Collator, {
  supportedLocalesOf: {
    supportedLocalesOf(locales: unknown, options?: unknown): string[] {
      const requested = canonical(locales);
      if (options !== undefined) option(Object(options) as Options, "localeMatcher", ["lookup", "best fit"], "best fit");
      return LookupSupportedLocales(LOCALES, requested);
    },
  }.supportedLocalesOf,
});
define(Collator.prototype, {
  resolvedOptions: {
    resolvedOptions(this: unknown): Intl.ResolvedCollatorOptions {
      return { ...slotsOf(this).resolved };
    },
  }.resolvedOptions,
});
Object.defineProperty(Collator, "length", { value: 0, configurable: true });
Object.defineProperty(Collator, "prototype", { writable: false });
Object.defineProperty(Collator.prototype, Symbol.toStringTag, { value: "Intl.Collator", configurable: true });
Object.defineProperty(Collator.prototype, "compare", {
  get(this: unknown) {
    const own = slotsOf(this);
    own.compare ??= (a, b) => native.compare(String(a), String(b), own.bits);
    return own.compare;
  },
  configurable: true,
});
