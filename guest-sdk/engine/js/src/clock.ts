// The request's own clock: milliseconds since its time origin. It does not advance while tenant code computes, which
// is the Rust half's doing. `performance` shows it to tenants.

import { native, PHASE_REQUEST } from "./native.ts";

// Taken when first asked for: the moment the request began is not worth a call in requests that never ask. -1: not yet. It began
// before any of its code ran, so the first reading is above 0; the standards' tests and some code take 0 for "never".
const STARTED_BEFORE_MS = 1;
let originMono = -1;
let originWall = 0;

/** Milliseconds since this request's time origin; 0 outside a request, whose clock must not be frozen into it. */
export function monotonicMillis(): number {
  if (native.phase() !== PHASE_REQUEST) return 0;
  const now = native.monoNow();
  if (originMono < 0) {
    originMono = now - STARTED_BEFORE_MS;
    originWall = native.wallNow() - STARTED_BEFORE_MS;
  }
  return now - originMono;
}

/** The time origin in milliseconds since the Unix epoch. */
export function timeOrigin(): number {
  monotonicMillis();
  return originWall;
}
