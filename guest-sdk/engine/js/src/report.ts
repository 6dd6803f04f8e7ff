// How errors that nobody caught become log lines and failures. Formatting of values is in inspect.ts.

import { inspect } from "./inspect.ts";
import { invocation } from "./invocation.ts";
import { native } from "./native.ts";
import { isDOMException } from "./dom-exception.ts";
import { tenantFrames } from "./stack.ts";

/** Message and stack of anything that was thrown: `["TypeError: x is not a function", "    at …"]`. */
export function describeThrown(reason: unknown): [message: string, stack: string] {
  try {
    if (reason instanceof Error || isDOMException(reason)) {
      const name = String(reason.name);
      const message = String(reason.message);
      let text = message === "" ? name : name === "" ? message : `${name}: ${message}`;
      if (reason.cause !== undefined) text += ` [cause: ${firstLine(inspect(reason.cause))}]`;
      return [text, tenantFrames(reason.stack, message)];
    }
    if (typeof reason === "string") return [`Uncaught ${inspect(reason)} (a string was thrown, not an Error)`, ""];
    return [`Uncaught ${inspect(reason)}`, ""];
  } catch {
    // A getter or proxy of the thrown value threw in its turn.
    return ["Uncaught value that cannot be shown", ""];
  }
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : text.slice(0, end);
}

/** Writes an error nobody caught to the log; the request goes on. `context` says where it came from. */
export function logThrown(reason: unknown, context: string): void {
  const [message, stack] = describeThrown(reason);
  native.log("error", `${context}${message}${stack === "" ? "" : `\n${stack}`}`, stack);
}

let observer: ((reason: unknown) => boolean) | null = null;

/** Who is to hear of an error before it is logged; one that says it was dealt with is not logged. */
export function observeUncaught(observe: (reason: unknown) => boolean): void {
  observer = observe;
}

/** "Report an exception" (HTML, 8.1.4.6). Says whether it went to the log. */
export function reportThrown(reason: unknown, context: string): boolean {
  if (observer?.(reason)) return false;
  logThrown(reason, context);
  return true;
}

/** An error out of a timer, a microtask or the like: logged, and it fails the request unless that was answered. */
export function reportUncaught(reason: unknown): void {
  if (!reportThrown(reason, "Uncaught exception: ")) return;
  if (invocation.answered) return;
  invocation.answered = true;
  const [message, stack] = describeThrown(reason);
  native.fail(message, stack);
}
