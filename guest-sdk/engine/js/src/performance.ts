// performance (High Resolution Time, User Timing). The clock itself is in clock.ts, marks and measures in performance-entries.ts.

import { monotonicMillis, timeOrigin } from "./clock.ts";
import { EventTarget } from "./events.ts";
import {
  clearEntries,
  findEntries,
  mark,
  measure,
  type PerformanceEntry,
  type PerformanceMark,
  type PerformanceMarkOptions,
  type PerformanceMeasure,
  type PerformanceMeasureOptions,
} from "./performance-entries.ts";
import { defineInterface, requireArguments, toDOMString } from "./webidl.ts";

const optionalString = (value: unknown): string | undefined => (value === undefined ? undefined : toDOMString(value));

let allowed = true;

export class Performance extends EventTarget {
  #brand = true;

  constructor() {
    super();
    if (!allowed) throw new TypeError("Performance cannot be constructed; use the global performance");
  }
  get timeOrigin(): number {
    void this.#brand;
    return timeOrigin();
  }
  now(): number {
    void this.#brand;
    return monotonicMillis();
  }
  mark(name: string, options?: PerformanceMarkOptions): PerformanceMark {
    void this.#brand;
    requireArguments(arguments.length, 1, "performance.mark");
    return mark(name, options);
  }
  measure(name: string, startOrOptions?: string | PerformanceMeasureOptions, endMark?: string): PerformanceMeasure {
    void this.#brand;
    requireArguments(arguments.length, 1, "performance.measure");
    return measure(name, startOrOptions, endMark);
  }
  clearMarks(name?: string): void {
    void this.#brand;
    clearEntries("mark", optionalString(name));
  }
  clearMeasures(name?: string): void {
    void this.#brand;
    clearEntries("measure", optionalString(name));
  }
  getEntries(): PerformanceEntry[] {
    void this.#brand;
    return findEntries(undefined, undefined);
  }
  getEntriesByName(name: string, type?: string): PerformanceEntry[] {
    void this.#brand;
    requireArguments(arguments.length, 1, "performance.getEntriesByName");
    return findEntries(toDOMString(name), optionalString(type));
  }
  getEntriesByType(type: string): PerformanceEntry[] {
    void this.#brand;
    requireArguments(arguments.length, 1, "performance.getEntriesByType");
    return findEntries(undefined, toDOMString(type));
  }
  toJSON(): { timeOrigin: number } {
    void this.#brand;
    return { timeOrigin: this.timeOrigin };
  }
}

export const performance = new Performance();
allowed = false;
defineInterface(Performance, "Performance", 0, { mark: 1, measure: 1, clearMarks: 0, clearMeasures: 0, getEntriesByName: 1 });
