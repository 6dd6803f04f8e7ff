// performance.now and timeOrigin (High Resolution Time). The clock itself is in clock.ts.

import { monotonicMillis, timeOrigin } from "./clock.ts";
import { EventTarget } from "./events.ts";
import { defineInterface } from "./webidl.ts";

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
  toJSON(): { timeOrigin: number } {
    void this.#brand;
    return { timeOrigin: this.timeOrigin };
  }
}

export const performance = new Performance();
allowed = false;
defineInterface(Performance, "Performance", 0);
