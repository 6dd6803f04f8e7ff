// structuredClone (HTML, 2.7). Serialising and deserialising happen in one pass, as nothing leaves this memory.

import { Blob, blobBytes, blobOf, File } from "./blob.ts";
import { cloneKey, isCryptoKey } from "./crypto-key.ts";
import { copyException, DOMException, isDOMException } from "./dom-exception.ts";
import { inspect } from "./inspect.ts";
import { isArrayBuffer, isView } from "./primordials.ts";
import { interfacePrototypes, isObject, requireArguments, toDictionary } from "./webidl.ts";

/** A value that exists only once the transferred buffers have moved, which is after everything else is cloned. */
class Deferred {
  #make: () => object;
  #made: object | null = null;

  constructor(make: () => object) {
    this.#make = make;
  }
  get(): object {
    this.#made ??= this.#make();
    return this.#made;
  }
}

interface State {
  /** What was cloned already: cycles and shared objects stay such. */
  memory: Map<object, unknown>;
  /** Steps to take once the transferred buffers have moved. */
  later: (() => void)[];
}

export function structuredClone<T>(value: T, options?: { transfer?: Iterable<object> }): T {
  requireArguments(arguments.length, 1, "structuredClone");
  const { transfer } = toDictionary<{ transfer: Iterable<object> }>(options, "structuredClone options");
  return cloneWithTransfer(value, [...(transfer ?? [])]).value;
}

/** A kind of platform object that can be transferred: what is one, why one cannot be moved now, and the moving. */
export interface Transferable {
  is(value: object): boolean;
  refusal(value: object): string | null;
  move(value: object): object;
}

const transferables: Transferable[] = [
  {
    is: isArrayBuffer,
    refusal: (buffer) => (isDetached(buffer as ArrayBuffer) ? "was already transferred" : null),
    move: (buffer) => transferOf(buffer as ArrayBuffer),
  },
];

/** Makes a class transferable: message ports and streams, whose files build on this one. */
export function registerTransferable(kind: Transferable): void {
  transferables.push(kind);
}

/** StructuredSerializeWithTransfer and its inverse: the clone, and what the objects of `list` became, in order. */
export function cloneWithTransfer<T>(value: T, list: readonly unknown[]): { value: T; moved: object[] } {
  const state: State = { memory: new Map(), later: [] };
  const kinds: [object, Transferable][] = [];
  const moved = new Map<object, object>();
  for (const one of list) {
    const kind = isObject(one) ? transferables.find((candidate) => candidate.is(one)) : undefined;
    if (!isObject(one) || kind === undefined) throw refuse(one, "cannot be transferred");
    if (state.memory.has(one)) throw refuse(one, "is in the transfer list twice");
    state.memory.set(one, new Deferred(() => moved.get(one) as object));
    kinds.push([one, kind]);
  }
  const result = clone(value, state);
  // Asked only now, one by one: a getter, or the moving of another, may have changed the answer.
  for (const [one, kind] of kinds) {
    const why = kind.refusal(one);
    if (why !== null) throw refuse(one, why);
    moved.set(one, kind.move(one));
  }
  for (const step of state.later) step();
  return { value: (result instanceof Deferred ? result.get() : result) as T, moved: [...moved.values()] };
}

function isDetached(buffer: ArrayBuffer): boolean {
  return (buffer as ArrayBuffer & { detached: boolean }).detached;
}

function transferOf(buffer: ArrayBuffer): ArrayBuffer {
  return (buffer as ArrayBuffer & { transfer(): ArrayBuffer }).transfer();
}

function refuse(value: unknown, why = "cannot be cloned"): DOMException {
  let shown: string;
  try {
    shown = inspect(value, { depth: 0 }).replace(/\s*\n\s*/g, " ");
  } catch {
    shown = "the value";
  }
  return new DOMException(`structuredClone: ${shown} ${why}`, "DataCloneError");
}

function clone(value: unknown, state: State): unknown {
  if (typeof value === "symbol") throw refuse(value);
  if (!isObject(value)) return value;
  const known = state.memory.get(value);
  if (known !== undefined) return known;
  if (typeof value === "function") throw refuse(value);
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    copy.length = value.length;
    state.memory.set(value, copy);
    cloneProperties(value, copy, state);
    return copy;
  }
  const leaf = cloneLeaf(value, state);
  if (leaf !== null) {
    state.memory.set(value, leaf);
    return leaf;
  }
  if (hasSlot(mapSize, value)) return cloneMap(value as Map<unknown, unknown>, state);
  if (hasSlot(setSize, value)) return cloneSet(value as Set<unknown>, state);
  if (value instanceof Error) return cloneError(value, state);
  if (!isPlain(value)) throw refuse(value);
  const copy: object = {};
  state.memory.set(value, copy);
  cloneProperties(value, copy, state);
  return copy;
}

function put(target: object, key: PropertyKey, value: unknown, state: State): void {
  const define = (settled: unknown): void => {
    Object.defineProperty(target, key, { value: settled, writable: true, enumerable: true, configurable: true });
  };
  define(value instanceof Deferred ? undefined : value);
  if (value instanceof Deferred) state.later.push(() => define(value.get()));
}

function cloneProperties(source: object, copy: object, state: State): void {
  for (const key of Object.keys(source)) {
    // A getter of an earlier key may have removed it.
    if (Object.hasOwn(source, key)) put(copy, key, clone((source as Record<string, unknown>)[key], state), state);
  }
}

function cloneMap(source: Map<unknown, unknown>, state: State): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>();
  state.memory.set(source, copy);
  // Entries first: cloning them runs getters, which may change the map.
  const entries = [...mapEntries(source)].map(([key, value]) => [clone(key, state), clone(value, state)] as const);
  const fill = (): void => {
    for (const [key, value] of entries) copy.set(settled(key), settled(value));
  };
  if (entries.some(([key, value]) => key instanceof Deferred || value instanceof Deferred)) state.later.push(fill);
  else fill();
  return copy;
}

function cloneSet(source: Set<unknown>, state: State): Set<unknown> {
  const copy = new Set<unknown>();
  state.memory.set(source, copy);
  const items = [...setValues(source)].map((item) => clone(item, state));
  const fill = (): void => {
    for (const item of items) copy.add(settled(item));
  };
  if (items.some((item) => item instanceof Deferred)) state.later.push(fill);
  else fill();
  return copy;
}

function settled(value: unknown): unknown {
  return value instanceof Deferred ? value.get() : value;
}

const NATIVE_ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

function cloneError(source: Error, state: State): Error {
  const name = String(source.name);
  const message = Object.getOwnPropertyDescriptor(source, "message");
  const constructor = Object.hasOwn(NATIVE_ERRORS, name) ? NATIVE_ERRORS[name as keyof typeof NATIVE_ERRORS] : Error;
  const copy = message !== undefined && "value" in message ? new constructor(String(message.value)) : new constructor();
  state.memory.set(source, copy);
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(copy, key, { value, writable: true, configurable: true });
  };
  if (typeof source.stack === "string") hidden("stack", source.stack);
  if (Object.hasOwn(source, "cause")) {
    const cause = clone(source.cause, state);
    hidden("cause", undefined);
    if (cause instanceof Deferred) state.later.push(() => hidden("cause", cause.get()));
    else hidden("cause", cause);
  }
  return copy;
}

// Reading an internal slot is the only test a tenant's prototypes and tags cannot deceive.
type SlotReader = (this: unknown) => unknown;
const getter = (prototype: object, name: PropertyKey): SlotReader => Object.getOwnPropertyDescriptor(prototype, name)?.get as SlotReader;
const mapSize = getter(Map.prototype, "size");
const setSize = getter(Set.prototype, "size");
const dateTime = Date.prototype.getTime as SlotReader;
const booleanValue = Boolean.prototype.valueOf as SlotReader;
const numberValue = Number.prototype.valueOf as SlotReader;
const stringValue = String.prototype.valueOf as SlotReader;
const bigintValue = BigInt.prototype.valueOf as SlotReader;
const symbolValue = Symbol.prototype.valueOf as SlotReader;
const regexpSource = getter(RegExp.prototype, "source");
const regexpFlags = getter(RegExp.prototype, "flags");
const mapIterator = Map.prototype.entries;
const setIterator = Set.prototype.values;
const mapEntries = (map: Map<unknown, unknown>): MapIterator<[unknown, unknown]> => mapIterator.call(map);
const setValues = (set: Set<unknown>): SetIterator<unknown> => setIterator.call(set);

function hasSlot(read: SlotReader, value: object): boolean {
  try {
    read.call(value);
    return true;
  } catch {
    return false;
  }
}

/** Clones of objects that hold no others; `null` for those that may. */
function cloneLeaf(value: object, state: State): object | null {
  if (isView(value)) return cloneView(value, state);
  if (isArrayBuffer(value)) {
    if (isDetached(value)) throw refuse(value, "was already transferred");
    return copyBuffer(value);
  }
  if (isDOMException(value)) return copyException(value);
  if (value instanceof File) return new File([blobBytes(value)], value.name, { type: value.type, lastModified: value.lastModified });
  if (isCryptoKey(value)) return cloneKey(value);
  if (value instanceof Blob) return blobOf(blobBytes(value), value.type);
  const prototype: unknown = Object.getPrototypeOf(value);
  // Most objects are plain; the tests below throw and catch for each of them.
  if (prototype === Object.prototype || prototype === null) return null;
  if (hasSlot(dateTime, value)) return new Date(dateTime.call(value) as number);
  if (value !== RegExp.prototype && value instanceof RegExp && hasSlot(regexpSource, value)) {
    return new RegExp(regexpSource.call(value) as string, regexpFlags.call(value) as string);
  }
  for (const read of [booleanValue, numberValue, stringValue, bigintValue]) {
    if (hasSlot(read, value)) return Object(read.call(value)) as object;
  }
  if (hasSlot(symbolValue, value)) throw refuse(value);
  return null;
}

function copyBuffer(buffer: ArrayBuffer): ArrayBuffer {
  const { maxByteLength, resizable } = buffer as ArrayBuffer & { maxByteLength: number; resizable: boolean };
  if (!resizable) return buffer.slice(0);
  const copy = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(buffer.byteLength, { maxByteLength });
  new Uint8Array(copy).set(new Uint8Array(buffer));
  return copy;
}

type ViewConstructor = new (buffer: ArrayBuffer, offset: number, length?: number) => ArrayBufferView;

const VIEWS: Record<string, ViewConstructor> = {
  DataView, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array,
};
const half = (globalThis as { Float16Array?: ViewConstructor }).Float16Array;
if (half !== undefined) VIEWS.Float16Array = half;
const viewTag = getter(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);

function cloneView(view: ArrayBufferView, state: State): object {
  const constructor = VIEWS[(viewTag.call(view) as string | undefined) ?? "DataView"] as ViewConstructor;
  if (isDetached(view.buffer as ArrayBuffer)) throw refuse(view, "shows a buffer that was already transferred");
  const offset = view.byteOffset;
  const length = "length" in view ? (view.length as number) : view.byteLength;
  const buffer = clone(view.buffer, state);
  if (buffer instanceof Deferred) {
    const deferred = new Deferred(() => new constructor(buffer.get() as ArrayBuffer, offset, length));
    return deferred;
  }
  return new constructor(buffer as ArrayBuffer, offset, length);
}

/** Whether an object is one to clone property by property: not a platform object, nor a built-in with hidden state. */
function isPlain(value: object): boolean {
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef || value instanceof FinalizationRegistry) return false;
  for (let at = Object.getPrototypeOf(value) as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (interfacePrototypes.has(at)) return false;
  }
  return true;
}
