// What a component of a URLPattern is made of, read from its pattern string in the form that the parser normalised; comparing two
// such lists, and filling one in. Matching is in `url-pattern`.

import { regExpExec } from "./primordials.ts";

const Kind = { Wildcard: 0, Segment: 1, Expression: 2, Fixed: 3 } as const;

/** In the order of how particular they are, the least first: `*`, `?`, `+`, none. */
const MODIFIERS = ["*", "?", "+", ""] as const;

export interface Part {
  kind: (typeof Kind)[keyof typeof Kind];
  name: string;
  prefix: string;
  /** A fixed text or an expression. */
  value: string;
  suffix: string;
  modifier: (typeof MODIFIERS)[number];
}

const NOTHING: Part = { kind: Kind.Fixed, name: "", prefix: "", value: "", suffix: "", modifier: "" };
const NAME = /[$_\p{ID_Start}][$_\u200c\u200d\p{ID_Continue}]*/uy;

/** What separates the component's segments, and what may belong to a group before it. */
export interface Separators {
  delimiter: "" | "." | "/";
  prefix: "" | "/";
}

export function partsOf(pattern: string, { delimiter, prefix: prefixes }: Separators): Part[] {
  const segment = delimiter === "" ? "[^]+?" : `[^\\${delimiter}]+?`;
  const parts: Part[] = [];
  let [at, fixed, unnamed] = [0, "", 0];

  const modifier = (): Part["modifier"] => {
    const next = pattern[at] as Part["modifier"];
    return next !== undefined && MODIFIERS.includes(next) && next !== "" ? (at++, next) : "";
  };
  const flush = (): void => {
    if (fixed !== "") parts.push({ ...NOTHING, value: fixed });
    fixed = "";
  };
  /** A character of fixed text; none where something else begins. */
  const character = (): string => {
    const next = pattern[at];
    if (next === undefined || "{}(*?+".includes(next) || (next === ":" && nameAt(at + 1) !== "")) return "";
    if (next === "\\") at++;
    const point = String.fromCodePoint(pattern.codePointAt(at) as number);
    at += point.length;
    return point;
  };
  const nameAt = (start: number): string => {
    NAME.lastIndex = start;
    return regExpExec(NAME, pattern)?.[0] ?? "";
  };
  const text = (): string => {
    let [all, next] = ["", character()];
    for (; next !== ""; next = character()) all += next;
    return all;
  };
  /** Up to the bracket that closes what opens here. */
  const expression = (): string => {
    const start = ++at;
    for (let depth = 1; depth > 0 && at < pattern.length; at++) {
      const next = pattern[at];
      if (next === "\\") at++;
      else if (next === "(") depth++;
      else if (next === ")") depth--;
    }
    return pattern.slice(start, at - 1);
  };
  /** `:name`, `(expression)`, both, or `*`; nothing of them changes nothing. */
  const group = (): Pick<Part, "kind" | "name" | "value"> | null => {
    let name = pattern[at] === ":" ? nameAt(at + 1) : "";
    if (name !== "") at += 1 + name.length;
    let source = name === "" ? null : segment;
    if (pattern[at] === "(") source = expression();
    else if (pattern[at] === "*" && name === "") {
      at++;
      source = ".*";
    }
    if (source === null) return null;
    if (name === "") name = String(unnamed++);
    if (source === segment) return { kind: Kind.Segment, name, value: "" };
    return source === ".*" ? { kind: Kind.Wildcard, name, value: "" } : { kind: Kind.Expression, name, value: source };
  };

  while (at < pattern.length) {
    if (pattern[at] === "{") {
      at++;
      const before = text();
      const found = group();
      const after = text();
      at++;
      const repeated = modifier();
      if (found !== null) {
        flush();
        parts.push({ ...found, prefix: before, suffix: after, modifier: repeated });
      } else if (repeated === "") fixed += before;
      else {
        flush();
        parts.push({ ...NOTHING, value: before, modifier: repeated });
      }
      continue;
    }
    const before = character();
    const found = group();
    if (found === null) {
      // The normal form has none of the others where nothing goes before.
      fixed += before === "" ? pattern[at++] : before;
      continue;
    }
    const prefix = before === prefixes ? before : "";
    if (prefix === "") fixed += before;
    flush();
    parts.push({ ...found, prefix, suffix: "", modifier: modifier() });
  }
  flush();
  return parts;
}

/** Which list is the more particular: 1 for `left`, −1 for `right`, 0 for neither. Names of groups do not count. */
export function compareParts(left: readonly Part[], right: readonly Part[]): -1 | 0 | 1 {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [a, b] = [left[i] ?? NOTHING, right[i] ?? NOTHING];
    const keys = (part: Part) => [part.kind, MODIFIERS.indexOf(part.modifier), part.prefix, part.value, part.suffix] as const;
    const others = keys(b);
    for (const [k, key] of keys(a).entries()) {
      const other = others[k] as typeof key;
      if (key !== other) return key < other ? -1 : 1;
    }
  }
  return 0;
}

/** The text that `parts` make with `groups`. Throws a TypeError for what may be more than one text. */
export function fillIn(parts: readonly Part[], groups: Readonly<Record<string, string>>, encode: (value: string) => string): string {
  let filled = "";
  for (const { kind, name, prefix, value, suffix, modifier } of parts) {
    if (modifier !== "" || kind === Kind.Wildcard || kind === Kind.Expression) {
      throw new TypeError("generate: only fixed text and named groups without a modifier can be filled in");
    }
    const given = kind === Kind.Fixed ? value : groups[name];
    if (given === undefined) throw new TypeError(`generate: the group ${JSON.stringify(name)} has no value`);
    filled += prefix + (kind === Kind.Fixed ? given : encode(given)) + suffix;
  }
  return filled;
}
