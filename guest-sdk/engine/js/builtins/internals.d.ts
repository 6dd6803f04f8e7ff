// What the engine lends to its built-in modules, and to nobody else (`src/internals.ts`), and the packages that come without types.

declare module "isolet:internals" {
  interface Internals {
    inspect(value: unknown, options?: { depth?: number }): string;
    format(args: readonly unknown[]): string;
    /** The opaque value that goes along with jobs; the one that was current before comes back. */
    swapAsyncContext(value: unknown): unknown;
  }
  const internals: Internals;
  export default internals;
}

/** What another of the built-in modules exports. */
declare module "node:stream" {
  export const promises: Record<"finished" | "pipeline", never>;
}

declare module "events" {
  const EventEmitter: Record<"once" | "listenerCount", never> & { defaultMaxListeners: number; new (): unknown; prototype: { emit: Function } };
  export default EventEmitter;
}

declare module "path-browserify" {
  const path: Record<string, never>;
  export default path;
}

declare module "assert" {
  const assert: Record<string, never>;
  export default assert;
}

declare module "assert/build/internal/util/comparisons" {
  export function isDeepStrictEqual(a: unknown, b: unknown): boolean;
}

declare module "url/url.js" {
  const url: Record<string, never>;
  export default url;
}

declare module "readable-stream" {
  const stream: Record<string, never> & { Readable: { from(source: AsyncIterable<unknown>, options: object): unknown } };
  export default stream;
}
