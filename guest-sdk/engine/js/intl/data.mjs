// The text of the module that holds what English needs, from the packages' own data: without what is derived from it, as every date
// format combined with every time format is, and with other locales as their difference from American English. Canada and Sweden are among
// those of dates because code asks for them to get `2024-03-05`.

import { readFileSync } from "node:fs";

/** What the packages' data has wrong or not at all; the facts are CLDR's. */
const CORRECTIONS = {
  // A date and a time of the longer styles are joined by a word.
  dateTimeFormat: { full: "{1} 'at' {0}", long: "{1} 'at' {0}" },
  formats: { m: "m", s: "s" },
  timeZoneName: {
    "Europe/Dublin": { long: ["Greenwich Mean Time", "Irish Standard Time"], short: ["GMT", "GMT+1"] },
    "Europe/London": { long: ["Greenwich Mean Time", "British Summer Time"], short: ["GMT", "GMT+1"] },
  },
};
/** A date and a time of the longer styles, by the locales that join them otherwise than English. */
const JOINED = { sv: { full: "{1} 'kl'. {0}", long: "{1} 'kl'. {0}" } };
/** British English has names for the time of its own country. */
const BRITISH_ZONES = { "Europe/London": { long: ["Greenwich Mean Time", "British Summer Time"], short: ["GMT", "BST"] } };

/** Package, the class its data is for, and the locales there are. */
const PACKAGES = [
  ["numberformat", "NumberFormat", ["en", "en-GB"]], ["pluralrules", "PluralRules", ["en"]], ["datetimeformat", "DateTimeFormat", ["en", "en-GB", "en-CA", "sv"]],
  ["listformat", "ListFormat", ["en", "en-GB"]], ["relativetimeformat", "RelativeTimeFormat", ["en", "en-GB"]],
];

/** What is looked up by name and has hundreds of them: texts, instead of objects (`src/intl-tables.ts`). */
const TABLES = { datetimeformat: "timeZoneName", numberformat: "currencies" };

const tableText = (entries) => `\n${entries.map(([key, value]) => `${key}\t${literal(value)}\n`).join("")}`;

export function dataModule(modules, tables, zoneLinks) {
  const texts = PACKAGES.map(([name, holder, locales]) => {
    const [english, ...others] = locales.map((locale) => read(modules, name, holder, locale));
    const entries = [`{ locale: "en", data: base_${name} }`];
    const packed = TABLES[name];
    const full = english.data[packed];
    if (packed !== undefined) english.data[packed] = undefined;
    for (const { data, locale } of others) {
      const own = Object.entries(data[packed] ?? {}).filter(([key, value]) => literal(value) !== literal(full[key]));
      if (packed !== undefined) data[packed] = undefined;
      const table = packed === undefined ? "" : `, ${packed}: table(${JSON.stringify(tableText(own))}, base_${name}.${packed})`;
      entries.push(`{ locale: ${JSON.stringify(locale)}, data: { ...${difference(english.data, data, `base_${name}`)}${table} } }`);
    }
    const linked = packed === "timeZoneName" ? withLinks(full, zoneLinks) : full;
    const table = packed === undefined ? "" : `export const ${packed} = ${JSON.stringify(tableText(Object.entries(linked)))};\nbase_${name}.${packed} = table(${packed});\n`;
    // From text, so that its strings are no names; what has functions is small.
    const text = literal(english.data);
    return `const base_${name} = ${text.includes("function") ? text : `JSON.parse(${JSON.stringify(text)})`};\n${table}export const ${name} = [${entries.join(", ")}];\n`;
  });
  return `import { table } from ${tables};\n${texts.join("")}`;
}

/** Zones have old and new names, and the data has one of them. */
function withLinks(zones, links) {
  const all = { ...zones };
  for (const [link, target] of Object.entries(links)) {
    if (all[target] !== undefined) all[link] ??= all[target];
    else if (all[link] !== undefined) all[target] = all[link];
  }
  return all;
}

function read(modules, name, holder, locale) {
  let found;
  const text = readFileSync(`${modules}/@formatjs/intl-${name}/locale-data/${locale}.js`, "utf8");
  new Function("Intl", text)({ [holder]: { __addLocaleData: (data) => { found = data; } } });
  return holder === "DateTimeFormat" ? { locale, data: dates(found.data, locale) } : found;
}

function dates(data, locale) {
  const isJoined = (skeleton) => skeleton.includes(", ") || /[dEMy] .*[hH]/.test(skeleton);
  const simple = (formats) => Object.fromEntries(Object.entries(formats).filter(([skeleton]) => !isJoined(skeleton)));
  const zones = locale.startsWith("en") ? CORRECTIONS.timeZoneName : {};
  return {
    ...data,
    ca: ["gregory", "iso8601"],
    formats: { gregory: { ...simple(data.formats.gregory), ...CORRECTIONS.formats } },
    intervalFormats: simple(data.intervalFormats),
    dateTimeFormat: { ...data.dateTimeFormat, ...(JOINED[locale] ?? CORRECTIONS.dateTimeFormat) },
    timeZoneName: { ...data.timeZoneName, ...zones, ...(locale === "en-GB" ? BRITISH_ZONES : {}) },
  };
}

const plain = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** An expression for `value`, where `path` is one for `base`. */
function difference(base, value, path) {
  if (literal(base) === literal(value)) return path;
  if (!plain(base) || !plain(value) || Object.keys(base).some((key) => !(key in value))) return literal(value);
  const changed = Object.keys(value).filter((key) => !(key in base) || literal(base[key]) !== literal(value[key]));
  const parts = changed.map((key) => `${JSON.stringify(key)}: ${difference(base[key], value[key], `${path}[${JSON.stringify(key)}]`)}`);
  return `{ ...${path}, ${parts.join(", ")} }`;
}

function literal(value) {
  if (typeof value === "function") return String(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(",")}]`;
  // An ordinary space where CLDR has a narrow one, as V8 writes it: code that compares or parses would stumble over the other.
  if (!plain(value)) return (JSON.stringify(value) ?? "undefined").replace(/\u202f/g, " ");
  return `{${Object.entries(value).filter(([, entry]) => entry !== undefined).map(([key, entry]) => `${JSON.stringify(key)}:${literal(entry)}`).join(",")}}`;
}
