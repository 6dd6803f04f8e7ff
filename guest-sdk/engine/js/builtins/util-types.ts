// `types` of node:util: what a value is by its internal slots, as far as the language lets one ask.

const tag = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
const is = (name: string) => (value: unknown): boolean => typeof value === "object" && value !== null && tag(value) === name;

/** Whether a method that looks at an internal slot takes the value. */
function passes(prototype: object, key: string, args: unknown[] = []): (value: unknown) => boolean {
  const { value: method, get } = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
  const ask = (get ?? method) as (...args: unknown[]) => unknown;
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    try {
      Reflect.apply(ask, value, args);
      return true;
    } catch {
      return false;
    }
  };
}

const constructorName = (value: unknown): string => (typeof value === "function" ? (value.constructor as { name: string }).name : "");
const TypedArray = Object.getPrototypeOf(Uint8Array) as { prototype: object };
const typedArrayName = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag)?.get as () => string | undefined;
const isView = (name: string) => (value: unknown): boolean => Reflect.apply(typedArrayName, value, []) === name;

export const isNumberObject = passes(Number.prototype, "valueOf");
export const isStringObject = passes(String.prototype, "valueOf");
export const isBooleanObject = passes(Boolean.prototype, "valueOf");
export const isSymbolObject = passes(Symbol.prototype, "valueOf");
export const isBigIntObject = passes(BigInt.prototype, "valueOf");
export const isArrayBuffer = passes(ArrayBuffer.prototype, "byteLength");
export const isSharedArrayBuffer = is("SharedArrayBuffer");
export const isAsyncFunction = (value: unknown): boolean => ["AsyncFunction", "AsyncGeneratorFunction"].includes(constructorName(value));

export const types = {
  isAnyArrayBuffer: (value: unknown): boolean => isArrayBuffer(value) || isSharedArrayBuffer(value),
  isArgumentsObject: is("Arguments"),
  isArrayBuffer,
  isArrayBufferView: ArrayBuffer.isView,
  isAsyncFunction,
  isBigIntObject,
  isBooleanObject,
  isBoxedPrimitive: (value: unknown): boolean =>
    isNumberObject(value) || isStringObject(value) || isBooleanObject(value) || isSymbolObject(value) || isBigIntObject(value),
  isDataView: passes(DataView.prototype, "byteLength"),
  isDate: passes(Date.prototype, "getTime"),
  isExternal: (): boolean => false,
  isGeneratorFunction: (value: unknown): boolean => ["GeneratorFunction", "AsyncGeneratorFunction"].includes(constructorName(value)),
  isGeneratorObject: is("Generator"),
  isMap: passes(Map.prototype, "size"),
  isMapIterator: is("Map Iterator"),
  isModuleNamespaceObject: is("Module"),
  isNativeError: (value: unknown): boolean => value instanceof Error || is("Error")(value),
  isNumberObject,
  isPromise: is("Promise"),
  isProxy: (): boolean => false,
  isRegExp: (value: unknown): boolean => is("RegExp")(value) && value instanceof RegExp,
  isSet: passes(Set.prototype, "size"),
  isSetIterator: is("Set Iterator"),
  isSharedArrayBuffer,
  isStringObject,
  isSymbolObject,
  isTypedArray: (value: unknown): boolean => ArrayBuffer.isView(value) && !(value instanceof DataView),
  isWeakMap: passes(WeakMap.prototype, "has", [{}]),
  isWeakSet: passes(WeakSet.prototype, "has", [{}]),
  ...Object.fromEntries(
    ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64", "BigInt64", "BigUint64"].map((kind) => [
      `is${kind}Array`,
      isView(`${kind}Array`),
    ]),
  ),
};

// The kinds of typed arrays have their names put together above.
export const {
  isAnyArrayBuffer, isArgumentsObject, isArrayBufferView, isBigInt64Array, isBigUint64Array, isBoxedPrimitive, isDataView, isDate,
  isExternal, isFloat32Array, isFloat64Array, isGeneratorFunction, isGeneratorObject, isInt16Array, isInt32Array, isInt8Array, isMap,
  isMapIterator, isModuleNamespaceObject, isNativeError, isPromise, isProxy, isRegExp, isSet, isSetIterator, isTypedArray, isUint16Array,
  isUint32Array, isUint8Array, isUint8ClampedArray, isWeakMap, isWeakSet,
} = types as Record<string, (value: unknown) => boolean>;
export default types;
