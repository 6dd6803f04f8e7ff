// DOMException (Web IDL, 4.3) and the one kind of it that is a class, QuotaExceededError (4.4). The errors other files throw by name
// come from here.

import { defineConstants, defineInterface, toDictionary, toDOMString } from "./webidl.ts";

// In the order of their codes; `null` where a code was never given a name that still exists.
const LEGACY_NAMES: readonly (readonly [constant: string, name: string])[] = [
  ["INDEX_SIZE_ERR", "IndexSizeError"],
  ["DOMSTRING_SIZE_ERR", ""],
  ["HIERARCHY_REQUEST_ERR", "HierarchyRequestError"],
  ["WRONG_DOCUMENT_ERR", "WrongDocumentError"],
  ["INVALID_CHARACTER_ERR", "InvalidCharacterError"],
  ["NO_DATA_ALLOWED_ERR", ""],
  ["NO_MODIFICATION_ALLOWED_ERR", "NoModificationAllowedError"],
  ["NOT_FOUND_ERR", "NotFoundError"],
  ["NOT_SUPPORTED_ERR", "NotSupportedError"],
  ["INUSE_ATTRIBUTE_ERR", "InUseAttributeError"],
  ["INVALID_STATE_ERR", "InvalidStateError"],
  ["SYNTAX_ERR", "SyntaxError"],
  ["INVALID_MODIFICATION_ERR", "InvalidModificationError"],
  ["NAMESPACE_ERR", "NamespaceError"],
  ["INVALID_ACCESS_ERR", "InvalidAccessError"],
  ["VALIDATION_ERR", ""],
  ["TYPE_MISMATCH_ERR", "TypeMismatchError"],
  ["SECURITY_ERR", "SecurityError"],
  ["NETWORK_ERR", "NetworkError"],
  ["ABORT_ERR", "AbortError"],
  ["URL_MISMATCH_ERR", "URLMismatchError"],
  ["QUOTA_EXCEEDED_ERR", "QuotaExceededError"],
  ["TIMEOUT_ERR", "TimeoutError"],
  ["INVALID_NODE_TYPE_ERR", "InvalidNodeTypeError"],
  ["DATA_CLONE_ERR", "DataCloneError"],
];

const codes = new Map<string, number>();
const constants: Record<string, number> = {};
LEGACY_NAMES.forEach(([constant, name], i) => {
  constants[constant] = i + 1;
  if (name !== "") codes.set(name, i + 1);
});

class Returned {
  constructor(target: object) {
    // Returning another object is how private fields get onto what `Error` made.
    return target as this;
  }
}

/** The private state of a DOMException, put onto an object that `Error` made so that it has a stack. */
class State extends Returned {
  #name: string;
  #message: string;

  private constructor(target: object, name: string, message: string) {
    super(target);
    this.#name = name;
    this.#message = message;
  }

  static put(target: object, name: string, message: string): void {
    new State(target, name, message);
  }
  static is(target: object): boolean {
    return #name in target;
  }
  static nameOf(target: object): string {
    return (target as State).#name;
  }
  static messageOf(target: object): string {
    return (target as State).#message;
  }
}

export interface DOMException extends Error {
  readonly code: number;
}

// Not `class … extends Error`: the standard wants the prototype to inherit from Error.prototype and the
// constructor from Function.prototype.
function DOMExceptionConstructor(this: unknown, message: unknown = "", options: unknown = "Error"): object {
  if (new.target === undefined) throw new TypeError("DOMException must be called with new");
  const text = toDOMString(message);
  const named = typeof options === "object" && options !== null ? (options as { name?: unknown }).name : options;
  const name = named === undefined ? "Error" : toDOMString(named);
  const error = Reflect.construct(Error, [], new.target as unknown as ErrorConstructor) as Error;
  if (typeof options === "object" && options !== null && "cause" in options) {
    Object.defineProperty(error, "cause", { value: options.cause, writable: true, configurable: true });
  }
  State.put(error, name, text);
  // `Error` did not know what it is called.
  const head = text === "" ? name : `${name}: ${text}`;
  const stack = String(error.stack);
  if (!stack.startsWith(head)) {
    Object.defineProperty(error, "stack", { value: head + stack.replace(/^Error/, ""), writable: true, configurable: true });
  }
  return error;
}

const accessors = {
  get name(): string {
    return State.nameOf(this);
  },
  get message(): string {
    return State.messageOf(this);
  },
  get code(): number {
    return codes.get(State.nameOf(this)) ?? 0;
  },
};

DOMExceptionConstructor.prototype = Object.create(Error.prototype, {
  ...Object.getOwnPropertyDescriptors(accessors),
  constructor: { value: DOMExceptionConstructor, writable: true, configurable: true },
}) as object;

export const DOMException = DOMExceptionConstructor as unknown as {
  new (message?: string, options?: string | { name?: string; cause?: unknown }): DOMException;
  prototype: DOMException;
};

defineInterface(DOMException, "DOMException", 0);
defineConstants(DOMException, constants);

export function isDOMException(value: unknown): value is DOMException {
  return typeof value === "object" && value !== null && State.is(value);
}

/** A member of the options: not negative, and `null` where it was left out. */
function toAmount(value: unknown, name: string): number | null {
  if (value === undefined) return null;
  const amount = Number(value);
  if (!Number.isFinite(amount)) throw new TypeError(`QuotaExceededError: ${name} must be a finite number`);
  if (amount < 0) throw new RangeError(`QuotaExceededError: ${name} must not be negative`);
  return amount;
}

let amountsIn: (error: object) => { quota: number | null; requested: number | null } | null;

export class QuotaExceededError extends DOMException {
  #quota: number | null;
  #requested: number | null;

  constructor(message = "", options?: { quota?: number; requested?: number }) {
    super(message, "QuotaExceededError");
    const { quota, requested } = toDictionary<{ quota: number; requested: number }>(options, "QuotaExceededError options");
    this.#quota = toAmount(quota, "quota");
    this.#requested = toAmount(requested, "requested");
    if (this.#quota !== null && this.#requested !== null && this.#requested < this.#quota) {
      throw new RangeError("QuotaExceededError: what was requested is less than the quota");
    }
  }

  static {
    amountsIn = (error) => (#quota in error ? { quota: error.#quota, requested: error.#requested } : null);
  }

  get quota(): number | null {
    return this.#quota;
  }

  get requested(): number | null {
    return this.#requested;
  }
}

defineInterface(QuotaExceededError, "QuotaExceededError", 0);

/** Another exception of the same kind, for structured cloning. */
export function copyException(error: DOMException): DOMException {
  const amounts = amountsIn(error);
  if (amounts === null) return new DOMException(error.message, error.name);
  return new QuotaExceededError(error.message, { quota: amounts.quota ?? undefined, requested: amounts.requested ?? undefined });
}
