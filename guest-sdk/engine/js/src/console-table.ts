// The box console.table draws.

import { inspect } from "./inspect.ts";
import { isObject } from "./webidl.ts";

const VALUES = "Values";

/** Rows of `data`, which is an array, a Map, a Set or an object; `columns` picks and orders the columns. */
export function drawTable(data: object, columns?: readonly string[]): string {
  const named = data instanceof Map ? "Key" : "";
  const rows: [index: string, value: unknown][] =
    data instanceof Map || data instanceof Set
      ? [...data.values()].map((value, i) => [String(i), value])
      : Object.entries(data);
  const keys = new Set<string>(columns);
  let hasValues = false;
  for (const [, value] of rows) {
    if (!isObject(value) || typeof value === "function") hasValues = true;
    else if (columns === undefined) for (const key of Object.keys(value)) keys.add(key);
  }
  const mapKeys = data instanceof Map ? [...data.keys()] : [];
  const index = data instanceof Map || data instanceof Set ? "(iteration index)" : "(index)";
  const head = [index, ...(named === "" ? [] : [named]), ...keys, ...(hasValues ? [VALUES] : [])];
  const body = rows.map(([name, value], i) => [
    name,
    ...(named === "" ? [] : [cell(mapKeys[i])]),
    ...[...keys].map((key) => (isObject(value) && Object.hasOwn(value, key) ? cell((value as Record<string, unknown>)[key]) : "")),
    ...(hasValues ? [isObject(value) && typeof value !== "function" ? "" : cell(value)] : []),
  ]);
  return render(head, body);
}

function cell(value: unknown): string {
  return inspect(value, { depth: 0 }).replaceAll("\n", " ");
}

function render(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((row) => (row[i] as string).length)) + 2);
  const rule = (left: string, middle: string, right: string): string => left + widths.map((width) => "─".repeat(width)).join(middle) + right;
  const line = (cells: readonly string[]): string => `│${cells.map((text, i) => ` ${text}`.padEnd(widths[i] as number)).join("│")}│`;
  return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n");
}
