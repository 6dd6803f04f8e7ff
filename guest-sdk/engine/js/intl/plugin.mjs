// How the packages that make `Intl` are bundled: as they come, but for what each of REWRITES says. A rewrite that finds nothing to do
// is an error, so that a new version of a package is looked at.

import { transform } from "esbuild";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dataModule } from "./data.mjs";

const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
const source = (name) => JSON.stringify(fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url)));

/** What is on a class for its package alone: it goes to an object beside the class, where a tenant does not see it. */
const PRIVATE = "__\\w+|localeData|availableLocales|getDefaultLocale|relevantExtensionKeys|polyfilled|tzData|calendarData|getDefaultTimeZone";

const hideStatics = (name) => (text) => {
  const hidden = text.replace(new RegExp(`\\b${name}\\.(${PRIVATE})\\b`, "g"), `${name}Data.$1`)
    .replaceAll(` } = ${name};`, ` } = ${name}Data;`);
  return `export const ${name}Data = {};\n${hidden}
for (const key of Object.getOwnPropertyNames(${name})) {
  if (["length", "name", "prototype", "supportedLocalesOf", "arguments", "caller"].includes(key)) continue;
  ${name}Data[key] = ${name}[key];
  delete ${name}[key];
}\n`;
};

const replace = (from, to) => (text) => {
  if (!text.includes(from)) throw new Error(`nothing to rewrite: ${from}`);
  return text.replaceAll(from, to);
};

/** Turns objects that are only ever read by name into texts (`src/intl-tables.ts`). */
const packTables = (...names) => (text) => names.reduce((rest, name) => {
  const found = new RegExp(`\\bconst ${name} = (\\{\\n[^]*?\\n\\});\\n`).exec(rest);
  if (found === null) throw new Error(`no table ${name}`);
  const lines = Object.entries(new Function(`return ${found[1]}`)()).map(([key, value]) => `${key}\t${JSON.stringify(value)}\n`);
  return rest.replace(found[0], () => `const ${name} = /* @__PURE__ */ table(${JSON.stringify(`\n${lines.join("")}`)});\n`);
}, `import { table } from ${source("intl-tables")};\n${text}`);

/** Turns objects into texts that are parsed as the package loads, so that their strings are no names. */
const parseTables = (...names) => (text) => names.reduce((rest, name) => {
  const found = new RegExp(`\\bconst ${name} = (\\{\\n[^]*?\\n\\});\\n`).exec(rest);
  if (found === null) throw new Error(`no table ${name}`);
  const value = JSON.stringify(JSON.stringify(new Function(`return ${found[1]}`)()));
  return rest.replace(found[0], () => `const ${name} = JSON.parse(${value});\n`);
}, text);

const REWRITES = {
  "intl-datetimeformat": [
    hideStatics("DateTimeFormat"),
    (text) => `import { isTimeZone, canonicalTimeZone, timeZoneOffset as offsetInZone } from ${source("intl-zones")};
import { bestFit } from ${source("intl-date-formats")};
import { plainDigits } from ${source("intl-plain-numbers")};\n${text}`,
    // The database of time zones is the engine's.
    replace("!IsValidTimeZoneName(", "!isTimeZone("),
    replace("= CanonicalizeTimeZoneName(", "= canonicalTimeZone("),
    replace("= getApplicableZoneData(", "= offsetInZone("),
    // Dates and times are matched apart and joined, instead of looked for in a list of all that go together.
    replace("= BestFitFormatMatcher(opt, formats)", "= bestFit(opt, formats, BestFitFormatMatcher, dataLocaleData.dateTimeFormat)"),
    packTables("defaultContent"),
    // A format for numbers takes more time for the day than all the rest of the date does.
    replace("function createNumberFormatters(internalSlots) {", `function createNumberFormatters(internalSlots) {
  if (internalSlots.numberingSystem === "latn") {
    return { nf: plainDigits(1), nf2: plainDigits(2), nf3: plainDigits(internalSlots.fractionalSecondDigits ?? 1) };
  }`),
    // They are not asked for any more.
    replace("Object.keys(links_default).reduce(", "[].reduce("),
    replace('style === "long") offsetStr', 'style === "long" || style === "longOffset") offsetStr'),
  ],
  "intl-getcanonicallocales": [packTables("likelySubtags", "territoryAlias", "subdivisionAlias"), parseTables("languageAlias", "extensionAlias")],
  "intl-listformat": [hideStatics("ListFormat"), packTables("defaultContent")],
  "intl-locale": [hideStatics("Locale"), packTables("characterOrders", "numberingSystems", "timezones", "hourCycles", "calendars", "weekData")],
  "intl-numberformat": [
    hideStatics("NumberFormat"),
    (text) => `import { plainNumber } from ${source("intl-plain-numbers")};\n${text}`,
    replace("boundFormat = (value) => FormatNumeric(internalSlots, ToIntlMathematicalValue(value))", `const whole = (value) => FormatNumeric(internalSlots, ToIntlMathematicalValue(value));
      boundFormat = (value) => plainNumber(internalSlots, value, whole) ?? whole(value)`),
    packTables("defaultContent", "digitMapping"),
  ],
  "intl-pluralrules": [hideStatics("PluralRules"), packTables("defaultContent")],
  "intl-relativetimeformat": [hideStatics("RelativeTimeFormat"), packTables("defaultContent")],
  // There is English and nothing else, so the nearest language is never a better guess than the default.
  "intl-localematcher": [replace("r = BestFitMatcher(", "r = LookupMatcher(")],
};

/** Old names of time zones and the new ones, which the package of date formats has. */
function zoneLinks() {
  const text = readFileSync(`${modules}/@formatjs/intl-datetimeformat/index.js`, "utf8");
  return new Function(`return ${/(?:const|var) links_default = (\{[^]*?\n\});/.exec(text)[1]}`)();
}

export const intl = {
  name: "intl",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^isolet:intl-data$/ }, ({ path }) => ({ path, namespace: "intl-data" }));
    onLoad({ filter: /./, namespace: "intl-data" }, () => ({ contents: dataModule(modules, source("intl-tables"), zoneLinks()), loader: "js", resolveDir: modules }));
    onLoad({ filter: /@formatjs[/\\][\w-]+[/\\]index\.js$/ }, async ({ path }) => {
      const rewrites = REWRITES[/@formatjs[/\\]([\w-]+)/.exec(path)[1]] ?? [];
      const text = rewrites.reduce((text, rewrite) => rewrite(text), readFileSync(path, "utf8"));
      // Names of variables are names like others, and these say nothing to a tenant.
      return { contents: (await transform(text, { format: "esm", minifyIdentifiers: true })).code, loader: "js" };
    });
  },
};
