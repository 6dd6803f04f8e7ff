// Expressions of flag "v" as ones of flag "u": held against an engine that has both.

import assert from "node:assert/strict";
import test from "node:test";
import { withoutSets } from "../src/unicode-sets.ts";

/** Characters of every kind the sets below tell apart, some with a following character that must not be eaten. */
const TEXTS = [...Array.from({ length: 0x250 }, (_, code) => `${String.fromCodePoint(code)}b]`), "😀", "a[b]", "a[b-", "abc", "abb", "aa", "ab", "😀b", ".-", "|"];

test("sets within sets match what they match elsewhere", () => {
  for (const set of [
    "[[a-z]--a]", "[\\d&&[0-1]]", "([^\\:]+?)", "[^[a-z]--[aeiou]]", "[\\w--[a-c]--[x-z]]", "[a-c[x-z]]", "[]", "[^]", "[^\\/]+?", "[[[a-c]--b]d]",
    "[\\p{L}&&\\p{ASCII}&&[^a-m]]", "a\\[b[\\]\\-\\^]", "[\\u{1F600}-\\u{1F64F}]", "[&\\-!]", "[a^]",
    "[\\q{abc|ab|b}]", "[a\\q{aa|}]", "[[x\\q{ab}]\\q{abb|c}d]", "[\\q{\\u{1F600}b|.\\-|\\|}]", "[^\\q{a|b}]", "[\\w--\\q{a|b}]", "[\\q{}]",
  ]) {
    const wanted = new RegExp(`^${set}`, "v");
    const got = new RegExp(`^${withoutSets(set)}`, "u");
    for (const text of TEXTS) assert.equal(got.exec(text)?.[0], wanted.exec(text)?.[0], `${set} as ${got.source} on ${JSON.stringify(text)}`);
  }
});

test("what is no set with flag v is refused", () => {
  for (const set of ["[(]", "[a-]", "[&&a]", "[a--b&&c]", "[!!]", "[a", "\\m", "[a-\\d]", "[\\m]", "[a&&b-c]", "[^\\q{ab}]", "[\\q{a}-c]", "[\\q{\\d}]", "[\\q{a]", "[\\q{a(}]"]) {
    assert.throws(() => new RegExp(set, "v"), SyntaxError, set);
    assert.throws(() => new RegExp(withoutSets(set), "u"), SyntaxError, set);
  }
});
