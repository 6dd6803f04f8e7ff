// console (Console standard). Each call becomes one log entry; groups indent, tables are drawn in console-table.ts.

import { monotonicMillis } from "./clock.ts";
import { drawTable } from "./console-table.ts";
import { format } from "./format.ts";
import { inspect } from "./inspect.ts";
import { type LogLevel, native } from "./native.ts";
import { currentStack, tenantFrames } from "./stack.ts";
import { isObject, toDOMString } from "./webidl.ts";

let indent = "";
const counts = new Map<string, number>();
const timers = new Map<string, number>();

function write(level: LogLevel, text: string): void {
  const lines = indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`);
  native.log(level, lines, currentStack());
}

function labelOf(label: unknown): string {
  return label === undefined ? "default" : toDOMString(label);
}

/** Milliseconds as a reader likes them: "12.345ms", "1.234s". */
function duration(from: number): string {
  const ms = monotonicMillis() - from;
  return ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${Number(ms.toFixed(3))}ms`;
}

function writeTimer(label: unknown, method: string, data: readonly unknown[]): boolean {
  const name = labelOf(label);
  const from = timers.get(name);
  if (from === undefined) {
    write("warn", `No such label "${name}" for console.${method}()`);
    return false;
  }
  write("log", format([`${name}: ${duration(from)}`.replaceAll("%", "%%"), ...data]));
  return true;
}

export const console = {
  log(...data: unknown[]): void {
    write("log", format(data));
  },
  info(...data: unknown[]): void {
    write("info", format(data));
  },
  warn(...data: unknown[]): void {
    write("warn", format(data));
  },
  error(...data: unknown[]): void {
    write("error", format(data));
  },
  debug(...data: unknown[]): void {
    write("debug", format(data));
  },
  trace(...data: unknown[]): void {
    const head = data.length === 0 ? "Trace" : `Trace: ${format(data)}`;
    write("trace", `${head}\n${tenantFrames(currentStack())}`);
  },
  assert(condition?: unknown, ...data: unknown[]): void {
    if (condition) return;
    if (data.length === 0) write("error", "Assertion failed");
    else if (typeof data[0] === "string") write("error", format([`Assertion failed: ${data[0]}`, ...data.slice(1)]));
    else write("error", format(["Assertion failed:", ...data]));
  },
  count(label?: string): void {
    const name = labelOf(label);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    write("log", `${name}: ${count}`);
  },
  countReset(label?: string): void {
    const name = labelOf(label);
    if (!counts.delete(name)) write("warn", `Count for '${name}' does not exist`);
  },
  time(label?: string): void {
    const name = labelOf(label);
    if (timers.has(name)) write("warn", `Label "${name}" already exists for console.time()`);
    else timers.set(name, monotonicMillis());
  },
  timeLog(label?: string, ...data: unknown[]): void {
    writeTimer(label, "timeLog", data);
  },
  timeEnd(label?: string): void {
    if (writeTimer(label, "timeEnd", [])) timers.delete(labelOf(label));
  },
  group(...data: unknown[]): void {
    if (data.length > 0) write("log", format(data));
    indent += "  ";
  },
  groupCollapsed(...data: unknown[]): void {
    if (data.length > 0) write("log", format(data));
    indent += "  ";
  },
  groupEnd(): void {
    indent = indent.slice(2);
  },
  table(data?: unknown, columns?: readonly string[]): void {
    write("log", isObject(data) ? drawTable(data, columns) : format([data]));
  },
  dir(value?: unknown, options?: { depth?: number | null }): void {
    const depth = options?.depth;
    write("log", inspect(value, { depth: depth === null ? Number.POSITIVE_INFINITY : (depth ?? 2) }));
  },
  dirxml(...data: unknown[]): void {
    write("log", format(data));
  },
  // Nothing to clear; the standard lets it do nothing.
  clear(): void {},
};

// A namespace object, with an empty object between it and Object.prototype; its methods count no parameters (Console, 1).
Object.setPrototypeOf(console, {});
for (const method of Object.values(console)) Object.defineProperty(method, "length", { value: 0, configurable: true });
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
