// The tables that `Intl` is tested with on the real engine (tests/tests/intl.rs), held against Node; and the bundle's own surface.

import assert from "node:assert/strict";
import test from "node:test";
import dates from "../../../../tests/apis/intl-dates.js";
import numbers from "../../../../tests/apis/intl-numbers.js";
import text from "../../../../tests/apis/intl-text.js";
import words from "../../../../tests/apis/intl-words.js";
import zones from "../../../../tests/apis/intl-zones.js";
import { QuickJsGuest } from "./support/quickjs.ts";

process.env.TZ = "UTC";

type Case = readonly [act: () => unknown, wanted: unknown, differs?: string];

const json = (act: () => unknown): string | undefined => {
  try {
    return JSON.stringify(act());
  } catch (error) {
    return String(error);
  }
};

for (const [name, cases] of Object.entries({ numbers, dates, zones, words, text } as unknown as Record<string, readonly Case[]>)) {
  test(`Node agrees with the table of ${name}, but where it says why not`, () => {
    for (const [act, wanted, differs] of cases) {
      const [got, expected] = [json(act), JSON.stringify(wanted)];
      if (differs === undefined) assert.equal(got, expected, String(act));
      else assert.notEqual(got, expected, String(act));
    }
  });
}

test("nothing of the packages' own shows, and what is not there is undefined", async () => {
  using guest = await QuickJsGuest.start();
  const names = guest.eval(`JSON.stringify(Object.getOwnPropertyNames(Intl).sort())`);
  assert.equal(names, JSON.stringify([
    "Collator", "DateTimeFormat", "ListFormat", "Locale", "NumberFormat", "PluralRules", "RelativeTimeFormat", "getCanonicalLocales", "supportedValuesOf",
  ]));
  const statics = guest.eval(`JSON.stringify([...new Set(Object.getOwnPropertyNames(Intl).flatMap((name) => Object.getOwnPropertyNames(Intl[name])))].sort())`);
  assert.equal(statics, JSON.stringify(["length", "name", "prototype", "supportedLocalesOf"]));
});

test("a tenant's tampering goes no further than what it tampers with", async () => {
  using guest = await QuickJsGuest.start();
  const out = guest.eval(`(() => { Intl = { NumberFormat() { return { format: () => "mine" } } }; return [(1234.5).toLocaleString(), new Date(0).toLocaleDateString("en-US"), "a".localeCompare("B")].join(" "); })()`);
  assert.equal(out, "1,234.5 1/1/1970 -1");
});

test("plain numbers are written as Node writes them", async () => {
  using guest = await QuickJsGuest.start();
  const values = [0, 1, 9, 999, 1000, 1234567.891, 0.5, 1.005, 2.345, 0.0005, 0.00049, 99.995, 999.9995, 999999.9996, 1e20, 1e21, 1e-7, 123456789012345, 2 ** 53]
    .flatMap((value) => [value, -value]);
  const options = [
    {}, { maximumFractionDigits: 0 }, { minimumFractionDigits: 2 }, { minimumFractionDigits: 1, maximumFractionDigits: 2 }, { useGrouping: false },
    { useGrouping: "min2" }, { style: "currency", currency: "USD" }, { style: "currency", currency: "JPY" }, { style: "currency", currency: "EUR", currencyDisplay: "code" },
    { style: "currency", currency: "USD", currencyDisplay: "name" }, { style: "currency", currency: "USD", currencySign: "accounting" }, { style: "percent" },
    { signDisplay: "always" }, { signDisplay: "exceptZero" }, { signDisplay: "never" }, { signDisplay: "negative" }, { maximumSignificantDigits: 3 },
    { minimumIntegerDigits: 3 }, { roundingMode: "floor", maximumFractionDigits: 1 }, { trailingZeroDisplay: "stripIfInteger", minimumFractionDigits: 2 },
  ] as Intl.NumberFormatOptions[];
  for (const option of options) {
    const given = `${JSON.stringify(option)}`;
    const got = JSON.parse(guest.eval(`{ const format = new Intl.NumberFormat("en-US", ${given}); JSON.stringify([${values.map((value) => (Object.is(value, -0) ? "-0" : value)).join()}].map(format.format)) }`) as string);
    const format = new Intl.NumberFormat("en-US", option);
    assert.deepEqual(got, values.map((value) => format.format(value)), given);
  }
});
