// The request path: picks the handler, calls it, sends what it returns. Every object touched here costs a request a
// page of its own memory, so the common case, a response with its body in memory, goes straight
// through. Bodies that come chunk by chunk are sent by send-body.ts.

import { type ChunkSource, openForSending } from "./body.ts";
import { askListeners } from "./fetch-event.ts";
import { invocation } from "./invocation.ts";
import { inspect } from "./inspect.ts";
import { answersByEvent, type EntryPoint, missingEntryPoint } from "./module-check.ts";
import { native } from "./native.ts";
import { promiseResolve, promiseThen } from "./primordials.ts";
import { describeThrown, logThrown } from "./report.ts";
import { abortRequest, hostRequest, type Request } from "./request.ts";
import { sendBody } from "./send-body.ts";
import { isResponse, type Response, responseBody, responseHeaders, responseStatus } from "./response.ts";

// One copy of the engine handles one request at a time, so what belongs to it needs no object.
let current: Request | null = null;
let waiting = 0;
let bodyEnded = false;
let props: object | null = null;

function settle(): void {
  waiting--;
  if (waiting === 0 && bodyEnded) native.done();
}

function settleRejected(reason: unknown): void {
  logThrown(reason, "Uncaught rejection in waitUntil: ");
  settle();
}

/** What a handler gets as its third argument. Its methods need no `this`, so they may be taken off it. */
class ExecutionContext {
  get props(): object {
    props ??= {};
    return props;
  }
  waitUntil(promise: unknown): void {
    waiting++;
    void promiseThen(promiseResolve(promise), settle, settleRejected);
  }
  /** There is no origin to pass through to. */
  passThroughOnException(): void {}
}

function makeEnv(): Record<string, string> {
  const flat = native.env();
  const env: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) env[flat[i] as string] = flat[i + 1] as string;
  return env;
}

/** The hook: handles one request. */
export function handle(ns: object, entrypoint: string, method: string, url: string): void {
  invocation.answered = false;
  waiting = 0;
  bodyEnded = false;
  props = null;
  let result: unknown;
  try {
    const target = (ns as Record<string, unknown>)[entrypoint] as EntryPoint | undefined;
    current = hostRequest(method, url);
    if (typeof target === "function") result = target(current, makeEnv(), new ExecutionContext());
    else if (typeof target?.fetch === "function") result = target.fetch(current, makeEnv(), new ExecutionContext());
    else if (entrypoint === "default" && answersByEvent(ns)) result = askListeners(current, new ExecutionContext().waitUntil);
    else throw missingEntryPoint(ns, entrypoint);
  } catch (error) {
    fail(error);
    return;
  }
  // A promise is the usual case; then() resolves thenables too.
  if (typeof result === "object" && result !== null && !isResponse(result)) {
    void promiseThen(promiseResolve(result), send, fail);
  } else send(result);
}

function fail(error: unknown): void {
  if (invocation.answered) {
    // A timer or a microtask failed the request before; this is one error more, not another answer.
    logThrown(error, "Uncaught exception: ");
    return;
  }
  invocation.answered = true;
  const [message, stack] = describeThrown(error);
  native.fail(message, stack);
}

function send(result: unknown): void {
  // The request was failed meanwhile: there is nobody to answer.
  if (invocation.answered) return;
  if (typeof result !== "object" || result === null || !isResponse(result)) {
    fail(new TypeError(`handler did not return a Response (got ${describeResult(result)})`));
    return;
  }
  try {
    const body = responseBody(result);
    const content = body === null || typeof body === "string" ? body : openForSending(body);
    if (content === null || typeof content === "string" || content instanceof Uint8Array) respondWhole(result, content);
    else respondStreaming(result, content);
  } catch (error) {
    // The body was used already, or the host refused the head.
    fail(error);
  }
}

function respondWhole(response: Response, body: string | Uint8Array | null): void {
  const status = responseStatus(response);
  if (status === 0) throw new TypeError("the handler returned Response.error(), which cannot be sent; return a Response with a status instead");
  native.respond(status, responseHeaders(response), body, false);
  invocation.answered = true;
  endBody();
}

function respondStreaming(response: Response, source: ChunkSource): void {
  native.respond(responseStatus(response), responseHeaders(response), null, true);
  invocation.answered = true;
  sendBody(source, clientGone, endBody);
}

function clientGone(error: unknown): void {
  if (current !== null) abortRequest(current, error);
}

function endBody(): void {
  bodyEnded = true;
  if (waiting === 0) native.done();
}

function describeResult(result: unknown): string {
  return result === undefined ? "undefined; is a return statement missing?" : inspect(result, { depth: 0 });
}
