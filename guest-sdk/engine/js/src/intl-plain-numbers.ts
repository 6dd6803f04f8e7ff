// Numbers as most code formats them, `1,234.5` and `$1,234.50`, without the package's decimal arithmetic, which takes most of a millisecond
// for each. What is rounded otherwise, grouped otherwise or written in other digits goes the package's way.

/** What the package knows of a format, as far as it is asked here. */
export interface NumberSlots {
  readonly style: string;
  readonly currencyDisplay?: string;
  readonly notation: string;
  readonly numberingSystem: string;
  readonly signDisplay: string;
  readonly useGrouping: unknown;
  readonly roundingType: string;
  readonly roundingMode: string;
  readonly roundingIncrement: number;
  readonly trailingZeroDisplay: string;
  readonly minimumIntegerDigits: number;
  readonly minimumFractionDigits: number;
  readonly maximumFractionDigits: number;
}

/** What stands around the digits of numbers that are not below zero, and of those that are. */
type Frames = readonly [readonly [string, string], readonly [string, string]];

const framesOf = new WeakMap<NumberSlots, Frames | null>();

function isPlain(slots: NumberSlots): boolean {
  const { style, signDisplay, useGrouping } = slots;
  // With the currency's name the words follow the number.
  if (style !== "decimal" && (style !== "currency" || slots.currencyDisplay === "name")) return false;
  if (signDisplay !== "auto" && signDisplay !== "always") return false;
  if (useGrouping !== "auto" && useGrouping !== "always" && useGrouping !== false) return false;
  return slots.notation === "standard" && slots.numberingSystem === "latn" && slots.roundingType === "fractionDigits"
    && slots.roundingMode === "halfExpand" && slots.roundingIncrement === 1 && slots.trailingZeroDisplay === "auto"
    && slots.minimumIntegerDigits === 1;
}

/** The number one, in all decimals, one up: `"0199"` becomes `"0200"`. */
function oneUp(digits: string): string {
  let at = digits.length - 1;
  while (at >= 0 && digits[at] === "9") at--;
  const nines = "0".repeat(digits.length - 1 - at);
  return at < 0 ? `1${nines}` : `${digits.slice(0, at)}${Number(digits[at]) + 1}${nines}`;
}

/** The digits of a number that is not below zero, rounded to the nearest and grouped; `null` where it is written with an exponent. */
function digitsOf(slots: NumberSlots, value: number): string | null {
  const text = `${value}`;
  if (text.includes("e")) return null;
  const point = text.indexOf(".");
  let [whole, fraction] = point < 0 ? [text, ""] : [text.slice(0, point), text.slice(point + 1)];
  const most = slots.maximumFractionDigits;
  if (fraction.length > most) {
    const up = (fraction[most] as string) >= "5";
    const kept = whole + fraction.slice(0, most);
    const rounded = up ? oneUp(kept) : kept;
    whole = rounded.slice(0, rounded.length - most);
    fraction = rounded.slice(rounded.length - most);
  }
  let length = fraction.length;
  while (length > slots.minimumFractionDigits && fraction[length - 1] === "0") length--;
  fraction = fraction.slice(0, length).padEnd(slots.minimumFractionDigits, "0");
  if (slots.useGrouping !== false) {
    for (let at = whole.length - 3; at > 0; at -= 3) whole = `${whole.slice(0, at)},${whole.slice(at)}`;
  }
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

function makeFrames(slots: NumberSlots, whole: (value: number) => string): Frames | null {
  if (!isPlain(slots)) return null;
  const one = digitsOf(slots, 1) as string;
  const frames = [1, -1].map((value) => whole(value).split(one));
  return frames.every((frame) => frame.length === 2) ? (frames as unknown as Frames) : null;
}

/** What `value` is in this format; `null` where only the package knows, which is `whole`. */
export function plainNumber(slots: NumberSlots, value: unknown, whole: (value: number) => string): string | null {
  if (typeof value !== "number" || !Number.isFinite(value) || Object.is(value, -0)) return null;
  let frames = framesOf.get(slots);
  if (frames === undefined) {
    frames = makeFrames(slots, whole);
    framesOf.set(slots, frames);
  }
  if (frames === null) return null;
  const digits = digitsOf(slots, Math.abs(value));
  if (digits === null) return null;
  const [before, after] = frames[value < 0 ? 1 : 0];
  return before + digits + after;
}

/** As the formats that dates have for their numbers, which are never below zero and not grouped. */
export function plainDigits(least: number): { format(value: number): string } {
  return { format: (value) => `${value}`.padStart(least, "0") };
}
