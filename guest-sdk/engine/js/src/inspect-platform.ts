// What inspect shows of web platform objects, whose state is in private fields.

import { File } from "./blob.ts";
import { FormData } from "./form-data.ts";
import { Headers } from "./headers.ts";
import { isReadableStream, streamState, TransformStream, WritableStream } from "./streams.ts";
import { URLSearchParams } from "./url-search-params.ts";
import { interfacePrototypes } from "./webidl.ts";

type Entry = readonly [name: string, value: unknown];

/** Names and values to show, or `null` when `object` is no platform object. */
export function platformEntries(object: object): readonly Entry[] | null {
  if (!isPlatformObject(object)) return null;
  try {
    if (object instanceof Headers || object instanceof URLSearchParams || object instanceof FormData) {
      return [...(object as Iterable<Entry>)];
    }
    if (object instanceof TransformStream) return [["readable", object.readable], ["writable", object.writable]];
    if (isReadableStream(object) || object instanceof WritableStream) {
      return [["locked", object.locked], ["state", streamState(object)]];
    }
    return attributes(object);
  } catch {
    // Not an instance after all, only something with its prototype.
    return [];
  }
}

function prototypesOf(object: object): object[] {
  const chain: object[] = [];
  for (let at = Object.getPrototypeOf(object) as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) chain.push(at);
  return chain;
}

function isPlatformObject(object: object): boolean {
  // A prototype itself has no state to show.
  return !interfacePrototypes.has(object) && prototypesOf(object).some((one) => interfacePrototypes.has(one));
}

// Reading these would make streams, signals and headers nobody asked for, or repeat what is said already.
const UNREAD = ["body", "signal", "searchParams", "srcElement", "returnValue", "cancelBubble", "duplex", "webkitRelativePath"];

function attributes(object: object): Entry[] {
  const found: Entry[] = [];
  const prototypes = prototypesOf(object).filter((one) => interfacePrototypes.has(one));
  // Inherited attributes first, but a file's name before its size.
  if (!(object instanceof File)) prototypes.reverse();
  for (const prototype of prototypes) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (property.get !== undefined && !UNREAD.includes(name)) found.push([name, property.get.call(object)]);
    }
  }
  for (const key of Object.keys(object)) {
    if (key !== "isTrusted") found.push([key, (object as Record<string, unknown>)[key]]);
  }
  return found;
}
