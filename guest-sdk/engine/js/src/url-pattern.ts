// URLPattern (URL Pattern standard). Patterns are parsed natively; matching is the regular expressions that parsing gives.

import { native, type UrlPatternInput } from "./native.ts";
import { regExpExec } from "./primordials.ts";
import { withoutSets } from "./unicode-sets.ts";
import { compareParts, fillIn, type Part, partsOf } from "./url-pattern-parts.ts";
import { defineInterface, isObject, requireArguments, toDictionary, toEnum, toUSVString } from "./webidl.ts";

const COMPONENTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"] as const;
type ComponentName = (typeof COMPONENTS)[number];

export type URLPatternInit = Partial<Record<ComponentName | "baseURL", string>>;

export interface URLPatternComponentResult {
  input: string;
  groups: Record<string, string | undefined>;
}

export type URLPatternResult = { inputs: [string | URLPatternInit] | [string, string] } & Record<
  ComponentName,
  URLPatternComponentResult
>;

interface Component {
  pattern: string;
  expression: RegExp;
  groups: readonly string[];
}

const SPECIAL_SCHEMES = ["http", "https", "ws", "wss", "ftp", "file"];

const makeRegExp = RegExp;

function expressionOf(source: string, ignoreCase: boolean): RegExp {
  try {
    // The standard wants flag "v".
    return new makeRegExp(withoutSets(source), ignoreCase ? "ui" : "u");
  } catch (error) {
    throw new TypeError(`URLPattern: ${source} is not a valid regular expression: ${(error as Error).message}`);
  }
}

/** An input as the parser takes it, and as `inputs` of a result shows it. */
function convert(input: unknown): { given: UrlPatternInput; shown: string | URLPatternInit } {
  if (!isObject(input)) {
    const text = input === undefined ? [] : toUSVString(input);
    return { given: typeof text === "string" ? text : [], shown: typeof text === "string" ? text : {} };
  }
  const shown: URLPatternInit = {};
  // Dictionary members are read in the order of their names.
  for (const name of ["baseURL", ...[...COMPONENTS].sort()] as const) {
    const value = (input as URLPatternInit)[name];
    if (value !== undefined) shown[name] = toUSVString(value);
  }
  return { given: [...COMPONENTS.map((name) => shown[name]), shown.baseURL], shown };
}

export class URLPattern {
  #components: readonly Component[];
  #hasRegExpGroups: boolean;

  constructor(input?: unknown, baseOrOptions?: unknown, maybeOptions?: unknown) {
    // Two overloads: (input, base, options) and (input, options).
    const hasBase = arguments.length > 2 || (baseOrOptions !== undefined && baseOrOptions !== null && !isObject(baseOrOptions));
    const { given } = convert(input);
    const base = hasBase ? toUSVString(baseOrOptions) : undefined;
    const { ignoreCase } = toDictionary<{ ignoreCase: boolean }>(hasBase ? maybeOptions : baseOrOptions, "URLPattern options");
    const matches = (source: string, flags: string, text: string): boolean => regExpExec(expressionOf(source, flags.includes("i")), text) !== null;
    const [components, hasRegExpGroups] = native.urlPatternParse(given, base, Boolean(ignoreCase), matches);
    this.#components = components.map(([pattern, source, ...groups], at) => {
      // Only these compare without regard to case; the others are normalised.
      const folds = Boolean(ignoreCase) && at >= COMPONENTS.indexOf("pathname");
      return { pattern: pattern as string, expression: expressionOf(source as string, folds), groups };
    });
    this.#hasRegExpGroups = hasRegExpGroups;
  }

  get protocol(): string {
    return this.#pattern(0);
  }
  get username(): string {
    return this.#pattern(1);
  }
  get password(): string {
    return this.#pattern(2);
  }
  get hostname(): string {
    return this.#pattern(3);
  }
  get port(): string {
    return this.#pattern(4);
  }
  get pathname(): string {
    return this.#pattern(5);
  }
  get search(): string {
    return this.#pattern(6);
  }
  get hash(): string {
    return this.#pattern(7);
  }
  get hasRegExpGroups(): boolean {
    return this.#hasRegExpGroups;
  }

  test(input?: unknown, base?: string): boolean {
    void this.#components;
    const { given } = convert(input);
    const values = native.urlPatternInput(given, base === undefined ? undefined : toUSVString(base));
    return values !== null && this.#components.every(({ expression }, at) => regExpExec(expression, values[at] as string) !== null);
  }

  exec(input?: unknown, base?: string): URLPatternResult | null {
    void this.#components;
    const { given, shown } = convert(input);
    const against = base === undefined ? undefined : toUSVString(base);
    const values = native.urlPatternInput(given, against);
    if (values === null) return null;
    const result = { inputs: against === undefined ? [shown] : [shown, against] } as URLPatternResult;
    for (let at = 0; at < COMPONENTS.length; at++) {
      const { expression, groups } = this.#components[at] as Component;
      const input = values[at] as string;
      const found = regExpExec(expression, input);
      if (found === null) return null;
      const named: Record<string, string | undefined> = {};
      groups.forEach((name, i) => {
        named[name] = found[i + 1];
      });
      result[COMPONENTS[at] as ComponentName] = { input, groups: named };
    }
    return result;
  }

  /** The text of a component whose named groups have the values of `groups`. Throws a TypeError where that is not one text, or no match. */
  generate(component: ComponentName, groups: Readonly<Record<string, string>>): string {
    requireArguments(arguments.length, 2, "URLPattern.generate");
    const name = toEnum(component, COMPONENTS, "component");
    const values: Record<string, string> = Object.create(null);
    for (const [group, value] of Object.entries(toDictionary<Record<string, string>>(groups, "groups"))) {
      values[toUSVString(group)] = toUSVString(value);
    }
    const filled = fillIn(this.#parts(name), values, (value) => this.#encode(name, value));
    if (regExpExec((this.#components[COMPONENTS.indexOf(name)] as Component).expression, filled) === null) {
      throw new TypeError(`generate: ${JSON.stringify(filled)} would not match the ${name} of the pattern`);
    }
    return filled;
  }

  /** 1 where a component of `left` is more particular than that of `right`, −1 the other way round, 0 where neither is. */
  static compareComponent(component: ComponentName, left: URLPattern, right: URLPattern): -1 | 0 | 1 {
    requireArguments(arguments.length, 3, "URLPattern.compareComponent");
    const name = toEnum(component, COMPONENTS, "component");
    for (const pattern of [left, right]) {
      if (!isObject(pattern) || !(#components in pattern)) throw new TypeError("compareComponent compares two URLPatterns");
    }
    return compareParts(left.#parts(name), right.#parts(name));
  }

  #parts(name: ComponentName): Part[] {
    const isPath = name === "pathname" && this.#isSpecial();
    return partsOf(this.#pattern(COMPONENTS.indexOf(name)), { delimiter: isPath ? "/" : name === "hostname" ? "." : "", prefix: isPath ? "/" : "" });
  }

  /** Whether it may match an address of a scheme whose paths have segments. */
  #isSpecial(): boolean {
    const { expression } = this.#components[0] as Component;
    return SPECIAL_SCHEMES.some((scheme) => regExpExec(expression, scheme) !== null);
  }

  /** A value as it stands in that component of an address. */
  #encode(name: ComponentName, value: string): string {
    const init: (string | undefined)[] = COMPONENTS.map(() => undefined);
    // Only its not being special counts. What a component begins or ends with is not part of it.
    if (name === "pathname" && !this.#isSpecial()) init[0] = "other";
    const [before, after] = [{ search: "?", hash: "#" }[name as string] ?? "", name === "protocol" ? ":" : ""];
    const at = COMPONENTS.indexOf(name);
    init[at] = before + value + after;
    const parsed = native.urlPatternInput([...init, undefined], undefined);
    if (parsed === null) throw new TypeError(`generate: ${JSON.stringify(value)} is not possible in a ${name}`);
    return parsed[at] as string;
  }

  #pattern(at: number): string {
    return (this.#components[at] as Component).pattern;
  }
}

defineInterface(URLPattern, "URLPattern", 0, { test: 0, exec: 0, generate: 2, compareComponent: 3 });
