// FileReader and its ProgressEvent (File API, 6). The bytes are in memory: reading takes a few turns of the event loop.

import { Blob, blobBytes, isBlob } from "./blob.ts";
import { btoa } from "./base64.ts";
import { DOMException } from "./dom-exception.ts";
import { TextDecoder } from "./encoding.ts";
import { defineHandler, Event, type EventInit, EventTarget, fireTrusted } from "./events.ts";
import { requireRequest } from "./invocation.ts";
import { parseMimeType } from "./mime.ts";
import { native } from "./native.ts";
import { queueTask } from "./timers.ts";
import { defineConstants, defineInterface, isObject, requireArguments, toDictionary, toDOMString } from "./webidl.ts";

interface ProgressEventInit extends EventInit {
  lengthComputable?: boolean;
  loaded?: number;
  total?: number;
}

export class ProgressEvent extends Event {
  #lengthComputable: boolean;
  #loaded: number;
  #total: number;

  constructor(type: string, init?: ProgressEventInit) {
    requireArguments(arguments.length, 1, "ProgressEvent");
    super(type, init);
    const { lengthComputable, loaded, total } = toDictionary<Required<ProgressEventInit>>(init, "ProgressEvent options");
    this.#lengthComputable = Boolean(lengthComputable);
    this.#loaded = Number(loaded ?? 0);
    this.#total = Number(total ?? 0);
  }
  get lengthComputable(): boolean {
    return this.#lengthComputable;
  }
  get loaded(): number {
    return this.#loaded;
  }
  get total(): number {
    return this.#total;
  }
}

const EMPTY = 0;
const LOADING = 1;
const DONE = 2;
/** So many bytes become characters at a time, which bounds the arguments of one call. */
const BYTES_PER_CALL = 4096;

type Handler = ((this: FileReader, event: Event) => unknown) | null;

/** One character for each byte. */
function binaryString(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += BYTES_PER_CALL) text += String.fromCharCode(...bytes.subarray(at, at + BYTES_PER_CALL));
  return text;
}

/** "Package data", text: the encoding given, else that of the blob's type, else UTF-8. A byte order mark goes before either. */
function decodeText(bytes: Uint8Array<ArrayBuffer>, label: string | undefined, type: string): string {
  const named = (label === undefined ? null : native.encodingFor(label)) ?? native.encodingFor(parseMimeType(type)?.parameters.get("charset") ?? "utf-8");
  const marked = bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : null;
  const isUtf8 = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return new TextDecoder(marked ?? (isUtf8 ? "utf-8" : (named ?? "utf-8"))).decode(bytes);
}

export class FileReader extends EventTarget {
  #state = EMPTY;
  #result: string | ArrayBuffer | null = null;
  #error: DOMException | null = null;
  // Counts readings, so that one that was aborted does not go on.
  #reading = 0;

  declare onloadstart: Handler;
  declare onprogress: Handler;
  declare onload: Handler;
  declare onabort: Handler;
  declare onerror: Handler;
  declare onloadend: Handler;

  static {
    const check = (reader: FileReader): void => void reader.#state;
    for (const type of ["loadstart", "progress", "load", "abort", "error", "loadend"]) defineHandler(FileReader, type, check);
  }

  get readyState(): number {
    return this.#state;
  }
  get result(): string | ArrayBuffer | null {
    return this.#result;
  }
  get error(): DOMException | null {
    return this.#error;
  }

  readAsArrayBuffer(blob: Blob): void {
    this.#read(arguments.length, blob, "readAsArrayBuffer", (bytes) => bytes.slice().buffer);
  }
  readAsBinaryString(blob: Blob): void {
    this.#read(arguments.length, blob, "readAsBinaryString", binaryString);
  }
  readAsText(blob: Blob, encoding?: string): void {
    const label = encoding === undefined ? undefined : toDOMString(encoding);
    this.#read(arguments.length, blob, "readAsText", (bytes) => decodeText(bytes, label, blob.type));
  }
  readAsDataURL(blob: Blob): void {
    this.#read(arguments.length, blob, "readAsDataURL", (bytes) => {
      return `data:${blob.type === "" ? "application/octet-stream" : blob.type};base64,${btoa(binaryString(bytes))}`;
    });
  }

  abort(): void {
    this.#result = null;
    if (this.#state !== LOADING) return;
    this.#state = DONE;
    this.#reading++;
    const reading = this.#reading;
    this.#fire("abort", 0, 0);
    if (this.#reading === reading) this.#fire("loadend", 0, 0);
  }

  #read(given: number, blob: Blob, method: string, convert: (bytes: Uint8Array<ArrayBuffer>) => string | ArrayBuffer): void {
    void this.#state;
    requireArguments(given, 1, `FileReader.${method}`);
    if (!isObject(blob) || !isBlob(blob)) throw new TypeError(`FileReader.${method} needs a Blob`);
    requireRequest(`FileReader.${method}`);
    if (this.#state === LOADING) throw new DOMException("the FileReader is already reading", "InvalidStateError");
    this.#state = LOADING;
    this.#result = null;
    this.#error = null;
    const bytes = blobBytes(blob);
    const reading = ++this.#reading;
    const going = (): boolean => this.#reading === reading;
    // A task for each event, so that promises settle between them.
    const step = (act: () => void): void => queueTask(() => {
      if (going()) act();
    });
    step(() => this.#fire("loadstart", 0, bytes.length));
    if (bytes.length > 0) step(() => this.#fire("progress", bytes.length, bytes.length));
    step(() => {
      this.#result = convert(bytes);
      this.#state = DONE;
      this.#fire("load", bytes.length, bytes.length);
    });
    step(() => this.#fire("loadend", bytes.length, bytes.length));
  }

  #fire(type: string, loaded: number, total: number): void {
    fireTrusted(this, new ProgressEvent(type, { lengthComputable: true, loaded, total }));
  }
}

defineInterface(ProgressEvent, "ProgressEvent", 1);
defineInterface(FileReader, "FileReader", 0, { readAsText: 1 });
defineConstants(FileReader, { EMPTY, LOADING, DONE });
