// Regular expressions of flag "v" (ECMAScript, 22.2.1) as ones of flag "u", which is what the engine has: sets within sets become
// alternatives, differences and intersections lookaheads, strings in sets, `\q{…}`, alternatives that are tried from the longest on. Only
// differences and intersections of sets with strings of other than one character are refused.

/** What must be escaped in a set, and what must be when it comes twice. */
const ESCAPED = "()[]{}/-|";
const NOT_TWICE = "&!#$%*+,.:;<=>?@^`~";
/** Escapes of which "u" knows nothing, as it wants none there. */
const NEEDLESS = "&!#%,:;<=>@`~";

/** A part of a set: text that may stand within brackets, or an expression of one character. */
type Operand = { readonly inner: string } | { readonly whole: string };

function one(operand: Operand): string {
  return "whole" in operand ? operand.whole : `[${operand.inner}]`;
}

function opposite(whole: string, negated: boolean): string {
  return negated ? `(?:(?!${whole})[^])` : whole;
}

class SetReader {
  #source: string;
  #at: number;
  /** Strings of the set that is being read, and of those in it, that are not one character each. */
  #strings: string[][] = [];

  constructor(source: string, at: number) {
    this.#source = source;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  /** The set that begins here. */
  read(): string {
    this.#expect("[");
    const negated = this.#take("^");
    const before = this.#strings.length;
    const operands: Operand[] = this.#sees("]") ? [] : [this.#range()];
    const looks = operands.length === 1 ? this.#lookaheads() : "";
    if (looks !== "") {
      this.#expect("]");
      if (this.#strings.length > before) throw new SyntaxError("differences and intersections of sets with strings are not available");
      return opposite(`(?:${looks}${one(operands[0] as Operand)})`, negated);
    }
    while (!this.#take("]")) operands.push(this.#range());
    if (negated && this.#strings.length > before) throw new SyntaxError("a negated set may not have strings");
    const inner = operands.map((operand) => ("inner" in operand ? operand.inner : "")).join("");
    const wholes = operands.flatMap((operand) => ("whole" in operand ? [operand.whole] : []));
    if (inner !== "") wholes.push(`[${inner}]`);
    // The outermost set has all of them, so that the longest comes first.
    if (before === 0) {
      const strings = this.#strings.toSorted((left, right) => right.length - left.length).map((string) => string.map((char) => `[${char}]`).join(""));
      const empty = strings.indexOf("");
      if (strings.length > 0) return `(?:${[...strings.slice(0, empty < 0 ? strings.length : empty), ...wholes, ...(empty < 0 ? [] : [""])].join("|")})`;
    }
    if (wholes.length === 0 || (wholes.length === 1 && inner !== "")) return `[${negated ? "^" : ""}${inner}]`;
    return opposite(`(?:${wholes.join("|")})`, negated);
  }

  /** What is taken away from the first operand, or must be in it too; empty where the set is a union. */
  #lookaheads(): string {
    let looks = "";
    for (const [operator, look] of [["--", "(?!"], ["&&", "(?="]] as const) {
      if (looks === "") while (this.#take(operator)) looks += `${look}${one(this.#operand())})`;
    }
    return looks;
  }

  /** An operand of a union, which may be a range. */
  #range(): Operand {
    const low = this.#operand();
    if (!this.#sees("-") || this.#sees("--") || !("inner" in low)) return low;
    this.#expect("-");
    const high = this.#operand();
    if (!("inner" in high)) throw new SyntaxError("a range in a set must end with a character");
    return { inner: `${low.inner}-${high.inner}` };
  }

  #operand(): Operand {
    if (this.#sees("[")) return { whole: this.read() };
    const char = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    if (this.#at >= this.#source.length) throw new SyntaxError("a set is not closed");
    if (char !== "\\") {
      if (ESCAPED.includes(char) || (NOT_TWICE.includes(char) && this.#sees(char + char))) throw new SyntaxError(`${char} must be escaped in a set`);
      this.#at += char.length;
      return { inner: char === "^" ? "\\^" : char };
    }
    const [escape] = /^\\(?:[pPuq]\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[a-zA-Z]|[^])/u.exec(this.#source.slice(this.#at)) ?? [""];
    if (escape.startsWith("\\q{")) return { whole: `[${this.#alternatives()}]` };
    this.#at += escape.length;
    return { inner: escape.length === 2 && NEEDLESS.includes(escape.charAt(1)) ? escape.charAt(1) : escape };
  }

  /** `\q{…}`: those of one character, as they stand within brackets. */
  #alternatives(): string {
    this.#expect("\\q{");
    let singles = "";
    for (let more = true; more; ) {
      const string: string[] = [];
      while (!this.#sees("|") && !this.#sees("}")) {
        const char = this.#operand();
        if (!("inner" in char) || /^\\[dDsSwWpP]/.test(char.inner)) throw new SyntaxError("a string in a set has something that is no character");
        string.push(char.inner);
      }
      if (string.length === 1) singles += string[0];
      else this.#strings.push(string);
      more = this.#take("|");
    }
    this.#expect("}");
    return singles;
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new SyntaxError(`a set has something else where ${text} is needed`);
  }
}

/** The source for flag "u" of an expression written for flag "v"; a SyntaxError for sets that "v" does not allow either. */
export function withoutSets(source: string): string {
  let text = "";
  for (let at = 0; at < source.length; ) {
    if (source[at] === "[") {
      const reader = new SetReader(source, at);
      text += reader.read();
      at = reader.at;
      continue;
    }
    const end = source[at] === "\\" ? at + 2 : at + 1;
    text += source.slice(at, end);
    at = end;
  }
  return text;
}
