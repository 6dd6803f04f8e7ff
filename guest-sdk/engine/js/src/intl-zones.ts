// Time zones as the date formats ask for them: names of the database, which is the engine's, and offsets such as "+05:30".

import { native } from "./native.ts";

const OFFSET = /^([+-])([01]\d|2[0-3])(?::?([0-5]\d))?$/;

/** Names of the one zone that the standard always calls "UTC". */
const UTC = new Set(["Etc/GMT", "Etc/UCT", "Etc/UTC", "Etc/Universal", "Etc/Zulu", "GMT", "UCT", "UTC", "Universal", "Zulu"]);

/** In the database and nobody's time. */
const NOWHERE = new Set(["Etc/Unknown", "Factory"]);

/** Zones whose summer time the database holds for the standard one, and the winter's for the exception. */
const WINTER_IS_THE_EXCEPTION = new Set(["Eire", "Europe/Dublin"]);

function find(name: string): string | null {
  const found = native.zoneFind(name);
  return found === null || NOWHERE.has(found) ? null : found;
}

export function isTimeZone(name: string): boolean {
  return OFFSET.test(name) || find(name) !== null;
}

export function canonicalTimeZone(name: string): string {
  const [, sign, hours, minutes = "00"] = OFFSET.exec(name) ?? [];
  if (sign !== undefined) return `${hours === "00" && minutes === "00" ? "+" : sign}${hours}:${minutes}`;
  const found = find(name) as string;
  return UTC.has(found) ? "UTC" : found;
}

/** Milliseconds east of Greenwich at a time, and whether that is summer time. */
export function timeZoneOffset(time: number, zone: string): [offset: number, summer: boolean] {
  if (zone === "UTC") return [0, false];
  const [, sign, hours, minutes] = OFFSET.exec(zone) ?? [];
  if (sign !== undefined) return [(sign === "-" ? -60_000 : 60_000) * (60 * Number(hours) + Number(minutes)), false];
  const [seconds, exception] = native.zoneOffset(zone, time);
  return [seconds * 1000, WINTER_IS_THE_EXCEPTION.has(zone) ? seconds !== 0 : exception];
}

/** Sorted. Old names of zones are among them, as they are in the database. */
export function timeZones(): string[] {
  const names = native.zoneNames().filter((name) => name.includes("/") && !NOWHERE.has(name) && !UTC.has(name));
  return [...new Set([...names, "UTC"])].sort();
}
