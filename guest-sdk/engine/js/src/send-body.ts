// Sends a response body that is not in memory, chunk by chunk, at the pace the host takes it.

import type { ChunkSource } from "./body.ts";
import { native } from "./native.ts";
import { bytesOf, isArrayBuffer, isView, promiseResolve, promiseThen } from "./primordials.ts";
import { describeThrown, logThrown } from "./report.ts";
import { chunkBytes } from "./streams.ts";

/** `clientGone` is called when nobody reads the response any more, `ended` in any case, last. */
export function sendBody(source: ChunkSource, clientGone: (error: unknown) => void, ended: () => void): void {
  const cancel = (reason: unknown): void => {
    void promiseThen(promiseResolve(source.cancel(reason)), undefined, ignore);
  };
  const broken = (error: unknown): void => {
    logThrown(error, "The response body failed: ");
    native.bodyAbort(describeThrown(error)[0]);
    ended();
  };
  const gone = (error: unknown): void => {
    cancel(error);
    clientGone(error);
    ended();
  };
  const next = (): void => source.read(write, close, broken);
  const close = (): void => {
    native.bodyClose();
    ended();
  };
  const write = (chunk: unknown): void => {
    let bytes: Uint8Array;
    try {
      bytes = isView(chunk) || isArrayBuffer(chunk) ? bytesOf(chunk) : chunkBytes(chunk);
    } catch (error) {
      cancel(error);
      broken(error);
      return;
    }
    // Empty chunks still wait a turn: a source that gives nothing else must not hold the engine.
    const taken = bytes.byteLength === 0 ? promiseResolve(undefined) : native.bodyWrite(bytes);
    void promiseThen(taken as Promise<void>, next, gone);
  };
  next();
}

function ignore(): void {}
