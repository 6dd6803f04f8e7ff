// node:async_hooks: AsyncLocalStorage and AsyncResource. What follows the code through promises, `await` and timers is the engine's
// (`patches/async-context.patch`, `src/timers.ts`): one opaque value, here an immutable map from storages to stores.

import internals from "isolet:internals";

type Stores = ReadonlyMap<object, unknown>;
type Fn = (...args: never[]) => unknown;

const NONE: Stores = new Map();

function current(): Stores {
  const stores = internals.swapAsyncContext(undefined);
  internals.swapAsyncContext(stores);
  return (stores as Stores | undefined) ?? NONE;
}

function within<R>(stores: Stores, run: () => R): R {
  const before = internals.swapAsyncContext(stores);
  try {
    return run();
  } finally {
    internals.swapAsyncContext(before);
  }
}

export class AsyncLocalStorage<T> {
  readonly name: string;
  readonly #fallback: T | undefined;

  constructor(options: { name?: string; defaultValue?: T } = {}) {
    this.name = String(options.name ?? "");
    this.#fallback = options.defaultValue;
  }

  getStore(): T | undefined {
    const stores = current();
    return stores.has(this) ? (stores.get(this) as T) : this.#fallback;
  }

  run<R>(store: T, run: (...args: unknown[]) => R, ...args: unknown[]): R {
    return within(new Map(current()).set(this, store), () => run(...args));
  }

  exit<R>(run: (...args: unknown[]) => R, ...args: unknown[]): R {
    return within(this.#without(), () => run(...args));
  }

  enterWith(store: T): void {
    internals.swapAsyncContext(new Map(current()).set(this, store));
  }

  disable(): void {
    internals.swapAsyncContext(this.#without());
  }

  #without(): Stores {
    const stores = new Map(current());
    stores.delete(this);
    return stores;
  }

  static bind<F extends Fn>(fn: F): F {
    return AsyncResource.bind(fn);
  }

  static snapshot(): (fn: Fn, ...args: unknown[]) => unknown {
    const stores = current();
    return (fn, ...args) => within(stores, () => fn(...(args as never[])));
  }
}

export class AsyncResource {
  readonly #stores = current();
  readonly type: string;

  constructor(type: string) {
    if (typeof type !== "string") throw new TypeError("the type of an AsyncResource must be a string");
    this.type = type;
  }

  runInAsyncScope<R>(fn: (...args: never[]) => R, self?: unknown, ...args: unknown[]): R {
    return within(this.#stores, () => Reflect.apply(fn as never, self, args) as R);
  }

  bind<F extends Fn>(fn: F): F {
    const resource = this;
    return function (this: unknown, ...args: unknown[]) {
      return resource.runInAsyncScope(fn as never, this, ...args);
    } as unknown as F;
  }

  emitDestroy(): this {
    return this;
  }

  asyncId(): number {
    return 0;
  }

  triggerAsyncId(): number {
    return 0;
  }

  static bind<F extends Fn>(fn: F, type?: string): F {
    return new AsyncResource(type ?? (fn.name || "bound")).bind(fn);
  }
}

export function executionAsyncId(): number {
  return 0;
}

export function triggerAsyncId(): number {
  return 0;
}

export function createHook(): never {
  throw new Error("async_hooks.createHook is not available in this runtime; AsyncLocalStorage and AsyncResource are");
}

export default { AsyncLocalStorage, AsyncResource, executionAsyncId, triggerAsyncId, createHook };
