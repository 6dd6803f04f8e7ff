// Marks and measures (User Timing) and the list they are kept in (Performance Timeline). The methods that make them are on `performance`.

import { monotonicMillis } from "./clock.ts";
import { DOMException } from "./dom-exception.ts";
import { structuredClone } from "./structured-clone.ts";
import { defineInterface, isObject, requireArguments, toDictionary, toDOMString } from "./webidl.ts";

/** More entries than this is a leak in the tenant's code; the oldest go. */
const MAX_ENTRIES = 10_000;

const HIDDEN = Symbol("made by the engine");

interface Fields {
  name: string;
  entryType: "mark" | "measure";
  startTime: number;
  duration: number;
}

export class PerformanceEntry {
  #fields: Fields;

  constructor(token: unknown, fields?: Fields) {
    if (token !== HIDDEN) throw new TypeError("PerformanceEntry cannot be constructed; use performance.mark() or performance.measure()");
    this.#fields = fields as Fields;
  }
  get name(): string {
    return this.#fields.name;
  }
  get entryType(): string {
    return this.#fields.entryType;
  }
  get startTime(): number {
    return this.#fields.startTime;
  }
  get duration(): number {
    return this.#fields.duration;
  }
  toJSON(): object {
    const { name, entryType, startTime, duration } = this.#fields;
    return { name, entryType, startTime, duration };
  }
}

export interface PerformanceMarkOptions {
  detail?: unknown;
  startTime?: number;
}

const cloneDetail = (detail: unknown): unknown => (detail === undefined || detail === null ? null : structuredClone(detail));

/** A DOMHighResTimeStamp that a caller gave. */
function toTime(value: unknown, what: string): number {
  const time = Number(value);
  if (!Number.isFinite(time)) throw new TypeError(`${what} must be a finite number of milliseconds`);
  return time;
}

export class PerformanceMark extends PerformanceEntry {
  #detail: unknown;

  constructor(name: string, options?: PerformanceMarkOptions) {
    requireArguments(arguments.length, 1, "PerformanceMark");
    const text = toDOMString(name);
    const { detail, startTime } = toDictionary<Required<PerformanceMarkOptions>>(options, "mark options");
    const time = startTime === undefined ? monotonicMillis() : toTime(startTime, "startTime");
    if (time < 0) throw new TypeError("startTime must not be negative");
    super(HIDDEN, { name: text, entryType: "mark", startTime: time, duration: 0 });
    this.#detail = cloneDetail(detail);
  }
  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return { ...super.toJSON(), detail: this.#detail };
  }
}

export class PerformanceMeasure extends PerformanceEntry {
  #detail: unknown;

  constructor(token: unknown, name?: string, startTime?: number, endTime?: number, detail?: unknown) {
    const duration = (endTime as number) - (startTime as number);
    super(token, { name: name as string, entryType: "measure", startTime: startTime as number, duration });
    this.#detail = detail;
  }
  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return { ...super.toJSON(), detail: this.#detail };
  }
}

// By start time; equal ones in the order they came.
let entries: PerformanceEntry[] = [];

function keep<T extends PerformanceEntry>(entry: T): T {
  let at = entries.length;
  while (at > 0 && (entries[at - 1] as PerformanceEntry).startTime > entry.startTime) at--;
  entries.splice(at, 0, entry);
  if (entries.length > MAX_ENTRIES) entries.shift();
  return entry;
}

export function mark(name: string, options?: PerformanceMarkOptions): PerformanceMark {
  return keep(new PerformanceMark(name, options));
}

/** "Convert a mark to a timestamp": a mark's name, or a time. */
function timeOf(value: unknown): number {
  if (typeof value === "number") {
    if (value < 0) throw new TypeError("performance.measure: times must not be negative");
    return toTime(value, "performance.measure: a time");
  }
  const name = toDOMString(value);
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at] as PerformanceEntry;
    if (entry.entryType === "mark" && entry.name === name) return entry.startTime;
  }
  throw new DOMException(`performance.measure: there is no mark named "${name}"`, "SyntaxError");
}

export interface PerformanceMeasureOptions {
  detail?: unknown;
  start?: string | number;
  end?: string | number;
  duration?: number;
}

export function measure(name: string, startOrOptions?: string | PerformanceMeasureOptions, endMark?: string): PerformanceMeasure {
  const text = toDOMString(name);
  const given: PerformanceMeasureOptions = isObject(startOrOptions) ? { ...(startOrOptions as PerformanceMeasureOptions) } : {};
  const { detail, duration, end, start } = given;
  const used = start !== undefined || end !== undefined || duration !== undefined || detail !== undefined;
  if (used && endMark !== undefined) throw new TypeError("performance.measure: an end mark cannot stand beside options");
  if (used && start === undefined && end === undefined) throw new TypeError("performance.measure: options need a start or an end");
  if (start !== undefined && end !== undefined && duration !== undefined) {
    throw new TypeError("performance.measure: of start, end and duration only two can be given");
  }
  const length = duration === undefined ? 0 : toTime(duration, "performance.measure: duration");
  const first = isObject(startOrOptions) || startOrOptions === null ? start : startOrOptions;
  let endTime: number;
  if (endMark !== undefined) endTime = timeOf(toDOMString(endMark));
  else if (end !== undefined) endTime = timeOf(end);
  else endTime = start !== undefined && duration !== undefined ? timeOf(start) + length : monotonicMillis();
  let startTime = 0;
  if (first !== undefined) startTime = timeOf(first);
  else if (end !== undefined && duration !== undefined) startTime = endTime - length;
  return keep(new PerformanceMeasure(HIDDEN, text, startTime, endTime, cloneDetail(detail)));
}

export function clearEntries(type: string, name: string | undefined): void {
  entries = entries.filter((entry) => entry.entryType !== type || (name !== undefined && entry.name !== name));
}

export function findEntries(name: string | undefined, type: string | undefined): PerformanceEntry[] {
  return entries.filter((entry) => (name === undefined || entry.name === name) && (type === undefined || entry.entryType === type));
}

defineInterface(PerformanceEntry, "PerformanceEntry", 0);
defineInterface(PerformanceMark, "PerformanceMark", 1);
defineInterface(PerformanceMeasure, "PerformanceMeasure", 0);
