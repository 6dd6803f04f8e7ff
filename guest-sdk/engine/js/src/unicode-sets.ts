// Regular expressions of flag "v" (ECMAScript, 22.2.1) as ones of flag "u", which is what the engine has: sets within sets become
// alternatives, differences and intersections lookaheads. Only strings in sets, `\q{…}`, are refused.

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
    const operands: Operand[] = this.#sees("]") ? [] : [this.#range()];
    const looks = operands.length === 1 ? this.#lookaheads() : "";
    if (looks !== "") {
      this.#expect("]");
      return opposite(`(?:${looks}${one(operands[0] as Operand)})`, negated);
    }
    while (!this.#take("]")) operands.push(this.#range());
    const inner = operands.map((operand) => ("inner" in operand ? operand.inner : "")).join("");
    const wholes = operands.flatMap((operand) => ("whole" in operand ? [operand.whole] : []));
    if (wholes.length === 0) return `[${negated ? "^" : ""}${inner}]`;
    if (inner !== "") wholes.push(`[${inner}]`);
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
    if (escape.startsWith("\\q")) throw new SyntaxError("strings in sets are not available");
    this.#at += escape.length;
    return { inner: escape.length === 2 && NEEDLESS.includes(escape.charAt(1)) ? escape.charAt(1) : escape };
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
