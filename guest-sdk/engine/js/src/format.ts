// The arguments of a console call as one line of text: %-formats and joining (Console standard, 2.2.1, and Node).

import { inspect } from "./inspect.ts";

/** What console methods write for `args`. */
export function format(args: readonly unknown[]): string {
  const [first] = args;
  if (typeof first !== "string") return args.map(plain).join(" ");
  if (args.length === 1) return first;
  let text = first;
  let next = 1;
  if (first.includes("%")) {
    text = first.replace(/%([sdifjoOc%])/g, (whole, kind: string) => {
      if (kind === "%") return "%";
      return next < args.length ? substitute(kind, args[next++]) : whole;
    });
  }
  for (; next < args.length; next++) text += ` ${plain(args[next])}`;
  return text;
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : inspect(value);
}

function substitute(kind: string, value: unknown): string {
  switch (kind) {
    case "s":
      return asString(value);
    case "d":
      return numeric(value, Number);
    case "i":
      return numeric(value, (one) => Number.parseInt(String(one), 10));
    case "f":
      return typeof value === "symbol" ? "NaN" : showNumber(Number.parseFloat(String(value)));
    case "j":
      return asJson(value);
    case "o":
      return inspect(value, { depth: 4 });
    case "O":
      return inspect(value);
    default:
      // %c: styles mean nothing in a log.
      return "";
  }
}

function asString(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) {
    const own = (value as { toString?: unknown }).toString;
    const custom = typeof own === "function" && own !== Object.prototype.toString && own !== Array.prototype.toString;
    return custom && !(value instanceof Error) && !(value instanceof Date) ? String(value) : inspect(value, { depth: 0 });
  }
  return typeof value === "function" ? String(value) : plain(value);
}

function numeric(value: unknown, convert: (value: unknown) => number): string {
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "symbol" || typeof value === "object" ? showNumber(value === null ? convert(value) : Number.NaN) : showNumber(convert(value));
}

function showNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : `${value}`;
}

function asJson(value: unknown): string {
  try {
    return String(JSON.stringify(value));
  } catch (error) {
    if (error instanceof TypeError && /circular/i.test(error.message)) return "[Circular]";
    throw error;
  }
}
