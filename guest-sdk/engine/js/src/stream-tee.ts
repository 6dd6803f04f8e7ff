// Tee with a clone of each chunk for the second branch, as cloning a body asks for (Streams,
// "ReadableStreamDefaultTee"). The public tee() of default streams shares chunks between the branches.

import { promiseResolve, promiseThen } from "./primordials.ts";
import { lock, readChunk, type ReadRequest } from "./stream-reads.ts";
import { isByteStream, ReadableStream, type ReadableStreamDefaultController } from "./streams.ts";
import { structuredClone } from "./structured-clone.ts";

export function teeWithClones(stream: ReadableStream): [ReadableStream, ReadableStream] {
  // Byte streams copy for the second branch by themselves.
  return isByteStream(stream) ? (stream.tee() as [ReadableStream, ReadableStream]) : new Tee(stream).branches;
}

class Tee {
  readonly branches: [ReadableStream, ReadableStream];
  #stream: ReadableStream;
  #cancel: (reason: unknown) => Promise<void>;
  #controllers: ReadableStreamDefaultController<unknown>[] = [];
  #canceled = [false, false];
  #reasons: unknown[] = [undefined, undefined];
  #reading = false;
  #readAgain = false;
  #finish!: (result?: Promise<void>) => void;
  #finished = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });

  constructor(stream: ReadableStream) {
    this.#stream = stream;
    const reader = lock(stream);
    this.#cancel = (reason) => reader.cancel(reason);
    this.branches = [this.#branch(0), this.#branch(1)];
    void promiseThen(reader.closed, undefined, (error) => {
      this.#each((controller) => controller.error(error));
      if (this.#canceled.includes(false)) this.#finish();
    });
  }

  #branch(index: number): ReadableStream {
    return new ReadableStream({
      start: (controller) => {
        this.#controllers[index] = controller;
      },
      pull: () => this.#pull(),
      cancel: (reason) => {
        this.#canceled[index] = true;
        this.#reasons[index] = reason;
        if (!this.#canceled.includes(false)) this.#finish(this.#cancel(this.#reasons));
        return this.#finished;
      },
    });
  }

  #each(step: (controller: ReadableStreamDefaultController<unknown>, index: number) => void): void {
    for (let i = 0; i < 2; i++) if (!this.#canceled[i]) step(this.#controllers[i] as ReadableStreamDefaultController<unknown>, i);
  }

  #pull(): void {
    if (this.#reading) {
      this.#readAgain = true;
      return;
    }
    this.#reading = true;
    const request: ReadRequest = {
      // In a microtask, so that an error that is already on its way takes both branches first.
      _chunkSteps: (chunk) => void promiseThen(promiseResolve(undefined), () => this.#give(chunk)),
      _closeSteps: () => {
        this.#reading = false;
        this.#each((controller) => controller.close());
        if (this.#canceled.includes(false)) this.#finish();
      },
      _errorSteps: () => {
        this.#reading = false;
      },
    };
    readChunk(this.#stream, request);
  }

  #give(chunk: unknown): void {
    this.#readAgain = false;
    let copy = chunk;
    try {
      if (!this.#canceled[1]) copy = structuredClone(chunk);
    } catch (error) {
      for (const controller of this.#controllers) controller.error(error);
      this.#finish(this.#cancel(error));
      return;
    }
    this.#each((controller, index) => controller.enqueue(index === 0 ? chunk : copy));
    this.#reading = false;
    if (this.#readAgain) this.#pull();
  }
}
