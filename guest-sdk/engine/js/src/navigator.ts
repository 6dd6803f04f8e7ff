// navigator.userAgent (WinterTC Minimum Common API).

import { defineInterface } from "./webidl.ts";

let allowed = true;

export class Navigator {
  #brand = true;

  constructor() {
    if (!allowed) throw new TypeError("Navigator cannot be constructed; use the global navigator");
  }
  get userAgent(): string {
    void this.#brand;
    return "isolet";
  }
}

export const navigator = new Navigator();
allowed = false;
defineInterface(Navigator, "Navigator", 0);
