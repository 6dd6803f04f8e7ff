// Built-ins captured before tenant code can replace them, for the engine's own request path. Code that runs only
// when a tenant asks for something rare may use the live ones.

const { apply } = Reflect;

/** `fn` with its `this` as the first argument, independent of later changes to `fn`'s prototype. */
function uncurry<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
): (self: This, ...args: Args) => Result {
  return Function.prototype.call.bind(fn) as (self: This, ...args: Args) => Result;
}

export const { ownKeys } = Reflect;
export const { isView } = ArrayBuffer;
export const reflectApply: (fn: (...args: never[]) => unknown, self: unknown, args: readonly unknown[]) => unknown =
  apply as never;

export const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
export const regExpExec = uncurry(RegExp.prototype.exec);
export const toLowerCase = uncurry(String.prototype.toLowerCase);
export const toWellFormed = uncurry(String.prototype.toWellFormed);

export const promiseThen = uncurry(Promise.prototype.then) as <T>(
  promise: Promise<T>,
  onFulfilled: ((value: T) => unknown) | undefined,
  onRejected?: (reason: unknown) => unknown,
) => Promise<unknown>;
export const promiseResolve = Promise.resolve.bind(Promise) as <T>(value: T | PromiseLike<T>) => Promise<T>;

/** The length of an ArrayBuffer; throws a TypeError for everything else. */
const bufferLength = uncurry(
  Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")?.get as (this: unknown) => number,
);

/** Whether `value` is an ArrayBuffer, of whichever prototype. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  try {
    bufferLength(value);
    return true;
  } catch {
    return false;
  }
}

/** The bytes a view or buffer shows, not copied. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  return isView(value)
    ? new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/** One array of all `chunks`, which hold `length` bytes together. */
export function concatBytes(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as Uint8Array;
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
