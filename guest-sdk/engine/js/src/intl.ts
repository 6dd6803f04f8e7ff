// `Intl` for English, American and British: the packages' classes with their data, and what of the language goes through them. Dates are
// there for Canada (`en-CA`) and in Swedish too, which code asks for to get `2024-03-05`. Every other locale falls back to American
// English, as the standard's lookup has it. What is not here (segments, durations, names of languages) is
// undefined, so that code which looks for it takes its other path.

import { intl } from "./intl-global.ts";
import * as dates from "@formatjs/intl-datetimeformat";
import * as lists from "@formatjs/intl-listformat";
import { Locale } from "@formatjs/intl-locale";
import * as numbers from "@formatjs/intl-numberformat";
import * as plurals from "@formatjs/intl-pluralrules";
import * as relative from "@formatjs/intl-relativetimeformat";
import * as data from "isolet:intl-data";
import { Collator } from "./intl-collator.ts";
import { define } from "./intl-global.ts";
import { localeMethods } from "./intl-locale-methods.ts";
import { namesOf } from "./intl-tables.ts";
import { timeZones } from "./intl-zones.ts";

/** What a package keeps beside its class. */
interface Statics {
  __addLocaleData(...entries: unknown[]): void;
  __defaultLocale: string;
  localeData: Record<string, LocaleData>;
}

interface LocaleData {
  nu: string[];
  units: { simple: Record<string, unknown> };
}

/** A class and its data out of a package, which bundling has let out (`intl/plugin.mjs`). */
function load(exported: object, name: string, entries: readonly unknown[]): Statics {
  const found = exported as Record<string, unknown>;
  const [type, statics] = [found[name] ?? found.default, found[`${name}Data`] as Statics];
  statics.__addLocaleData(...entries);
  statics.__defaultLocale = "en-US";
  define(intl, { [name]: type });
  Object.defineProperty(type, "name", { value: name, configurable: true });
  return statics;
}

load(plurals, "PluralRules", data.pluralrules);
const numberData = load(numbers, "NumberFormat", data.numberformat).localeData;
load(dates, "DateTimeFormat", data.datetimeformat);
load(lists, "ListFormat", data.listformat);
load(relative, "RelativeTimeFormat", data.relativetimeformat);
// Falls back to what objects have; the package's says less.
delete (intl.PluralRules as { prototype: { toString?: unknown } }).prototype.toString;

const english = numberData.en as LocaleData;
const VALUES: Record<string, () => string[]> = {
  calendar: () => ["gregory", "iso8601"],
  collation: () => ["default"],
  currency: () => namesOf(data.currencies),
  numberingSystem: () => [...english.nu],
  timeZone: timeZones,
  unit: () => Object.keys(english.units.simple),
};

define(intl, {
  Collator,
  Locale,
  supportedValuesOf: {
    supportedValuesOf(key: string): string[] {
      const name = String(key);
      if (!Object.hasOwn(VALUES, name)) throw new RangeError(`Invalid key: ${name}`);
      return (VALUES[name] as () => string[])().sort();
    },
  }.supportedValuesOf,
});

// The bundler may have renamed a class to keep it apart from another of its name.
for (const [name, type] of Object.entries({ Collator, Locale })) Object.defineProperty(type, "name", { value: name, configurable: true });
for (const [target, methods] of localeMethods) define(target, methods);
