// Puts everything on the global object: the list of what tenant code finds. Names that are not here stay undefined,
// so that code which looks for them before use takes its other path.

import { AbortController, AbortSignal } from "./abort.ts";
import { atob, btoa } from "./base64.ts";
import { Blob, File } from "./blob.ts";
import { CompressionStream, DecompressionStream } from "./compression.ts";
import { console } from "./console.ts";
import { Crypto, crypto } from "./crypto.ts";
import { CryptoKey } from "./crypto-key.ts";
import { SubtleCrypto } from "./crypto-subtle.ts";
import { DOMException, QuotaExceededError } from "./dom-exception.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { TextDecoderStream, TextEncoderStream } from "./encoding-streams.ts";
import { CustomEvent, ErrorEvent, MessageEvent, PromiseRejectionEvent } from "./event-kinds.ts";
import { Event, EventTarget } from "./events.ts";
import { fetch } from "./fetch.ts";
import { FetchEvent } from "./fetch-event.ts";
import { FileReader, ProgressEvent } from "./file-reader.ts";
import { FormData } from "./form-data.ts";
import { globalTarget, installGlobalHandlers } from "./global-scope.ts";
import { Headers } from "./headers.ts";
import { MessageChannel, MessagePort } from "./message-port.ts";
import { native } from "./native.ts";
import { Navigator, navigator } from "./navigator.ts";
import { Performance, performance } from "./performance.ts";
import { PerformanceEntry, PerformanceMark, PerformanceMeasure } from "./performance-entries.ts";
import { reportThrown } from "./report.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { streamClasses } from "./streams.ts";
import "./stream-transfer.ts";
import { structuredClone } from "./structured-clone.ts";
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from "./timers.ts";
import { URL } from "./url.ts";
import { URLPattern } from "./url-pattern.ts";
import { URLSearchParams } from "./url-search-params.ts";
import { requireArguments } from "./webidl.ts";
import { WebSocket } from "./websocket.ts";

/** Writes an error to the log as if nobody had caught it; the request goes on. */
function reportError(error: unknown): void {
  requireArguments(arguments.length, 1, "reportError");
  reportThrown(error, "Uncaught exception (reportError): ");
}

const globals: Record<string, unknown> = {
  ...globalTarget,
  ...streamClasses,
  AbortController,
  AbortSignal,
  Blob,
  CompressionStream,
  Crypto,
  CryptoKey,
  CustomEvent,
  DOMException,
  DecompressionStream,
  ErrorEvent,
  Event,
  EventTarget,
  FetchEvent,
  File,
  FileReader,
  FormData,
  Headers,
  MessageChannel,
  MessageEvent,
  MessagePort,
  Navigator,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  ProgressEvent,
  PromiseRejectionEvent,
  QuotaExceededError,
  Request,
  Response,
  SubtleCrypto,
  TextDecoder,
  TextDecoderStream,
  TextEncoder,
  TextEncoderStream,
  URL,
  URLPattern,
  URLSearchParams,
  WebSocket,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  fetch,
  navigator,
  performance,
  queueMicrotask,
  reportError,
  self: globalThis,
  setInterval,
  setTimeout,
  structuredClone,
};

export function installGlobals(): void {
  installGlobalHandlers();
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
    // The bundler may have renamed a function to keep it apart from a global of the same name.
    if (typeof value === "function") Object.defineProperty(value, "name", { value: name, configurable: true });
  }
  // The engine's own generator would start from the same seed in every copy of its memory. This one works while a module starts up too.
  Object.defineProperty(native.random, "name", { value: "random", configurable: true });
  Object.defineProperty(Math, "random", { value: native.random, writable: true, configurable: true });
}
