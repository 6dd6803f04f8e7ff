// Values as readable text, in the manner of Node's util.inspect: what console shows and errors quote. Layout of the
// finished pieces is in inspect-layout.ts; %-formats are here too, as they end in the same text.

import { groupArrayEntries, joinEntries } from "./inspect-layout.ts";
import { platformEntries } from "./inspect-platform.ts";
import { native } from "./native.ts";
import { isArrayBuffer, isView } from "./primordials.ts";
import { tenantFrames } from "./stack.ts";

/** Objects nested deeper than this show as [Object]. */
const DEFAULT_DEPTH = 2;
const MAX_ENTRIES = 100;
const MAX_STRING = 10_000;

interface Context {
  depth: number;
  /** Objects being shown, outermost first. */
  seen: object[];
  /** Targets of cycles, in the order they were found: `<ref *1>`. */
  circular: Map<object, number>;
  level: number;
  /** Level of the object begun most recently: how far the last entry reached down. */
  latest: number;
  indentation: number;
}

export function inspect(value: unknown, options: { depth?: number } = {}): string {
  const depth = options.depth ?? DEFAULT_DEPTH;
  return show(value, { depth, seen: [], circular: new Map(), level: 0, latest: 0, indentation: 0 });
}

function quote(text: string): string {
  const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") && !text.includes("${") ? "`" : "'";
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    const code = text.charCodeAt(i);
    if (char === mark || char === "\\") out += `\\${char}`;
    else if (code >= 0x20 && code !== 0x7f && (code < 0x80 || code > 0x9f) && !isLoneSurrogate(text, i)) out += char;
    else if (code < 0x10 && "\b\t\n\v\f\r".includes(char)) out += `\\${"btnvfr"["\b\t\n\v\f\r".indexOf(char)] as string}`;
    else if (code > 0xff) out += `\\u${code.toString(16)}`;
    else out += `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return mark + out + mark;
}

function isLoneSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0xd800 || code > 0xdfff) return false;
  const other = text.charCodeAt(code < 0xdc00 ? at + 1 : at - 1);
  return code < 0xdc00 ? !(other >= 0xdc00 && other <= 0xdfff) : !(other >= 0xd800 && other < 0xdc00);
}

function showPrimitive(value: unknown): string {
  if (typeof value === "string") {
    if (value.length <= MAX_STRING) return quote(value);
    const more = value.length - MAX_STRING;
    return `${quote(value.slice(0, MAX_STRING))}... ${more} more character${more === 1 ? "" : "s"}`;
  }
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (typeof value === "bigint") return `${value}n`;
  return String(value);
}

function show(value: unknown, ctx: Context): string {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return showPrimitive(value);
  const object = value as object;
  const custom = (object as { [key: symbol]: unknown })[INSPECT];
  if (typeof custom === "function" && custom !== inspect) {
    const result: unknown = (custom as (...args: unknown[]) => unknown).call(object, ctx.depth - ctx.level, { depth: ctx.depth }, inspect);
    if (result !== object) return typeof result === "string" ? result.replaceAll("\n", `\n${" ".repeat(ctx.indentation)}`) : show(result, ctx);
  }
  if (ctx.seen.includes(object)) {
    let number = ctx.circular.get(object);
    if (number === undefined) ctx.circular.set(object, (number = ctx.circular.size + 1));
    return `[Circular *${number}]`;
  }
  return showObject(object, ctx);
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** The constructor's name, `null` for objects without one. */
function constructorName(object: object): string | null {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const own = Object.getOwnPropertyDescriptor(at, "constructor");
    if (own !== undefined && typeof own.value === "function" && own.value.name !== "") return own.value.name as string;
  }
  return null;
}

function tagOf(object: object, name: string | null): string {
  // An own property is listed with the others.
  if (Object.prototype.propertyIsEnumerable.call(object, Symbol.toStringTag)) return "";
  const tag = (object as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return typeof tag === "string" && tag !== "" && tag !== name ? ` [${tag}]` : "";
}

function prefix(object: object, fallback: string, size?: number): string {
  const name = constructorName(object);
  const count = size === undefined ? "" : `(${size})`;
  if (name === null) return `[${fallback}${count}: null prototype]${tagOf(object, fallback)} `;
  return `${name}${count}${tagOf(object, name)} `;
}

/** How one kind of object shows: what stands before the braces, the braces and what is in them besides properties. */
interface Shape {
  base?: string;
  open: string;
  close: string;
  entries?: (ctx: Context) => string[];
  keys?: PropertyKey[];
  /** Array elements line up in columns. */
  grouped?: boolean;
}

function ownKeys(object: object): PropertyKey[] {
  const keys: PropertyKey[] = Object.keys(object);
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (Object.getOwnPropertyDescriptor(object, symbol)?.enumerable) keys.push(symbol);
  }
  return keys;
}

function isIndex(key: PropertyKey): boolean {
  return typeof key === "string" && /^(0|[1-9]\d{0,9})$/.test(key);
}

function showObject(object: object, ctx: Context): string {
  const shape = shapeOf(object);
  // Only stacks have line breaks in their base.
  if (shape.base !== undefined) shape.base = shape.base.replaceAll("\n", `\n${" ".repeat(ctx.indentation)}`);
  const keys = shape.keys ?? ownKeys(object);
  if (shape.entries === undefined && keys.length === 0) {
    return shape.base ?? `${shape.open}${shape.close}`;
  }
  if (ctx.level > ctx.depth) return `[${constructorName(object) ?? "Object: null prototype"}]`;
  ctx.seen.push(object);
  ctx.latest = ctx.level;
  ctx.level++;
  const entries = shape.entries?.(ctx) ?? [];
  for (const key of keys) entries.push(showProperty(object, key, ctx));
  ctx.level--;
  ctx.seen.pop();
  let base = shape.base ?? "";
  let open = shape.open;
  const number = ctx.circular.get(object);
  if (number !== undefined) {
    if (base === "") open = `<ref *${number}> ${open}`;
    else base = `<ref *${number}> ${base}`;
  }
  const output =
    shape.grouped === true && entries.length > 6
      ? groupArrayEntries({ entries, array: object as unknown[], cut: entries.length > MAX_ENTRIES, indentation: ctx.indentation })
      : entries;
  return joinEntries({
    output,
    base,
    open,
    close: shape.close,
    indentation: ctx.indentation,
    ungrouped: output === entries,
    inner: ctx.latest - ctx.level,
  });
}

function showProperty(object: object, key: PropertyKey, ctx: Context): string {
  const name = showKey(key);
  return `${name}: ${showPropertyValue(object, key, ctx)}`;
}

function showKey(key: PropertyKey): string {
  if (typeof key === "symbol") return `[${String(key)}]`;
  const text = String(key);
  if (text === "__proto__") return "['__proto__']";
  return /^[A-Za-z_][A-Za-z_0-9]*$/.test(text) ? text : quote(text);
}

function showPropertyValue(object: object, key: PropertyKey, ctx: Context): string {
  const property = Object.getOwnPropertyDescriptor(object, key);
  if (property === undefined) return indented(ctx, 2, () => show((object as Record<PropertyKey, unknown>)[key], ctx));
  if (property.get !== undefined) return property.set !== undefined ? "[Getter/Setter]" : "[Getter]";
  if (property.set !== undefined) return "[Setter]";
  return indented(ctx, 2, () => show(property.value, ctx));
}

function indented(ctx: Context, by: number, render: () => string): string {
  ctx.indentation += by;
  try {
    return render();
  } finally {
    ctx.indentation -= by;
  }
}

function shapeOf(object: object): Shape {
  if (Array.isArray(object)) return arrayShape(object);
  if (typeof object === "function") return { base: functionBase(object), open: "{", close: "}" };
  if (object instanceof Error) return { base: errorBase(object), open: "{", close: "}", ...errorEntries(object) };
  if (isView(object) && !(object instanceof DataView)) return typedArrayShape(object as Uint8Array);
  const collection = collectionShape(object);
  if (collection !== null) return collection;
  const platform = platformEntries(object);
  if (platform !== null) {
    const entries = (ctx: Context): string[] =>
      platform.map(([name, value]) => `${showKey(name)}: ${indented(ctx, 2, () => show(value, ctx))}`);
    return { open: `${prefix(object, "Object")}{`, close: "}", keys: [], ...(platform.length === 0 ? {} : { entries }) };
  }
  const boxed = boxedBase(object);
  if (boxed !== null) return { base: boxed, open: "{", close: "}", keys: ownKeys(object).filter((key) => !isIndex(key)) };
  const name = constructorName(object);
  if (name === "Object" && tagOf(object, "Object") === "") return { open: "{", close: "}" };
  return { open: `${prefix(object, "Object")}{`, close: "}" };
}

function arrayShape(array: unknown[]): Shape {
  const name = constructorName(array);
  const start = name === "Array" ? "" : prefix(array, "Array", array.length);
  return {
    open: `${start}[`,
    close: "]",
    keys: ownKeys(array).filter((key) => !isIndex(key)),
    grouped: true,
    ...(array.length === 0 ? {} : { entries: (ctx: Context) => arrayEntries(array, ctx) }),
  };
}

function arrayEntries(array: unknown[], ctx: Context): string[] {
  const out: string[] = [];
  let at = 0;
  while (at < array.length && out.length < MAX_ENTRIES) {
    if (Object.hasOwn(array, at)) {
      out.push(showPropertyValue(array, at, ctx));
      at++;
      continue;
    }
    const from = at;
    while (at < array.length && !Object.hasOwn(array, at)) at++;
    out.push(`<${at - from} empty item${at - from === 1 ? "" : "s"}>`);
  }
  return withMore(out, array.length - at);
}

function withMore(out: string[], more: number): string[] {
  if (more > 0) out.push(`... ${more} more item${more === 1 ? "" : "s"}`);
  return out;
}

function typedArrayShape(array: Uint8Array): Shape {
  return {
    open: `${prefix(array, "TypedArray", array.length)}[`,
    close: "]",
    keys: ownKeys(array).filter((key) => !isIndex(key)),
    grouped: true,
    ...(array.length === 0 ? {} : { entries: () => withMore([...array.subarray(0, MAX_ENTRIES)].map((one) => showPrimitive(one)), array.length - MAX_ENTRIES) }),
  };
}

function listEntries(items: Iterable<unknown>, size: number, ctx: Context, render: (item: unknown) => string): string[] {
  const out: string[] = [];
  for (const item of items) {
    if (out.length === MAX_ENTRIES) break;
    out.push(indented(ctx, 2, () => render(item)));
  }
  return withMore(out, size - out.length);
}

function collectionShape(object: object): Shape | null {
  if (object instanceof Map) {
    const render = (ctx: Context) => (item: unknown) => {
      const [key, value] = item as [unknown, unknown];
      return `${show(key, ctx)} => ${show(value, ctx)}`;
    };
    const entries = (ctx: Context): string[] => listEntries(object, object.size, ctx, render(ctx));
    return { open: `${prefix(object, "Map", object.size)}{`, close: "}", ...(object.size === 0 ? {} : { entries }) };
  }
  if (object instanceof Set) {
    const entries = (ctx: Context): string[] => listEntries(object, object.size, ctx, (item) => show(item, ctx));
    return { open: `${prefix(object, "Set", object.size)}{`, close: "}", ...(object.size === 0 ? {} : { entries }) };
  }
  if (isArrayBuffer(object)) {
    const bytes = new Uint8Array(object, 0, Math.min(object.byteLength, 50));
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const more = object.byteLength > 50 ? ` ... ${object.byteLength - 50} more byte${object.byteLength === 51 ? "" : "s"}` : "";
    return { open: `${prefix(object, "ArrayBuffer")}{`, close: "}", entries: () => [`[Uint8Contents]: <${hex}${more}>`, `byteLength: ${object.byteLength}`] };
  }
  if (object instanceof DataView) {
    return {
      open: `${prefix(object, "DataView")}{`,
      close: "}",
      entries: (ctx) => [`byteLength: ${object.byteLength}`, `byteOffset: ${object.byteOffset}`, `buffer: ${show(object.buffer, ctx)}`],
    };
  }
  if (object instanceof Promise) return { open: `${prefix(object, "Promise")}{`, close: "}", ...promiseEntries(object) };
  if (object instanceof WeakMap || object instanceof WeakSet) {
    return { open: `${prefix(object, "WeakMap")}{`, close: "}", entries: () => ["<items unknown>"] };
  }
  return null;
}

function promiseEntries(promise: object): Partial<Shape> {
  const [state, result] = native.promiseState(promise);
  // Something with its prototype only.
  if (state < 0) return {};
  if (state === 0) return { entries: () => ["<pending>"] };
  return { entries: (ctx) => [`${state === 2 ? "<rejected> " : ""}${indented(ctx, 2, () => show(result, ctx))}`] };
}

function functionBase(fn: object): string {
  const source = Function.prototype.toString.call(fn);
  const name = (fn as { name?: unknown }).name;
  if (/^class\b/.test(source)) {
    const parent = Object.getPrototypeOf(fn) as { name?: string };
    return `[class ${name === "" ? "(anonymous)" : String(name)}${parent.name ? ` extends ${parent.name}` : ""}]`;
  }
  const kind = constructorName(fn) ?? "Function";
  return name === "" ? `[${kind} (anonymous)]` : `[${kind}: ${String(name)}]`;
}

function errorBase(error: Error): string {
  const message = String(error.message);
  const name = String(error.name || constructorName(error) || "Error");
  const head = message === "" ? name : `${name}: ${message}`;
  const stack = tenantFrames(error.stack, message);
  return stack === "" ? `[${head}]` : `${head}\n${stack}`;
}

function errorEntries(error: Error): Partial<Shape> {
  const keys = ownKeys(error).filter((key) => key !== "message" && key !== "stack" && key !== "name");
  const hidden: string[] = [];
  if (Object.hasOwn(error, "cause") && !keys.includes("cause")) hidden.push("cause");
  if (Object.hasOwn(error, "errors") && !keys.includes("errors")) hidden.push("errors");
  if (hidden.length === 0) return { keys };
  return {
    keys,
    entries: (ctx) => hidden.map((key) => `[${key}]: ${showPropertyValue(error, key, ctx)}`),
  };
}

/** Text for the kinds whose value is one primitive; `null` for the rest. */
function boxedBase(object: object): string | null {
  if (object instanceof Date) return Number.isNaN(object.getTime()) ? "Invalid Date" : object.toISOString();
  if (object instanceof RegExp) return String(object);
  if (object instanceof Number) return `[Number: ${showPrimitive(object.valueOf())}]`;
  if (object instanceof String) return `[String: ${quote(object.valueOf())}]`;
  if (object instanceof Boolean) return `[Boolean: ${object.valueOf()}]`;
  if (object instanceof Symbol) return `[Symbol: ${String(object.valueOf())}]`;
  if (object instanceof BigInt) return `[BigInt: ${String(object.valueOf())}n]`;
  return null;
}
