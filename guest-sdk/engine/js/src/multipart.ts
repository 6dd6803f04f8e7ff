// multipart/form-data (RFC 7578, HTML 4.10.21.8): FormData to bytes and back.

import { blobBytes, File } from "./blob.ts";
import { FormData, formDataEntries } from "./form-data.ts";
import { parseMimeType, serializeMimeType } from "./mime.ts";
import { native } from "./native.ts";
import { concatBytes } from "./primordials.ts";

/** A boundary no body can be expected to contain: 128 random bits. */
function makeBoundary(): string {
  const random = new Uint8Array(16);
  native.randomFill(random);
  let text = "----isolet";
  for (const byte of random) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

function escapeName(name: string): string {
  return name.replace(/\r\n?|\n/g, "%0D%0A").replaceAll('"', "%22");
}

function escapeFileName(name: string): string {
  return name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}

/** The bytes of a form and the content type that goes with them. */
export function serializeMultipart(form: FormData): { bytes: Uint8Array<ArrayBuffer>; type: string } {
  const boundary = makeBoundary();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const push = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    length += chunk.byteLength;
  };
  for (const [name, value] of formDataEntries(form)) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"`;
    if (typeof value === "string") {
      push(native.utf8Encode(`${head}\r\n\r\n${value.replace(/\r\n?|\n/g, "\r\n")}\r\n`));
      continue;
    }
    const type = value.type === "" ? "application/octet-stream" : value.type;
    push(native.utf8Encode(`${head}; filename="${escapeFileName(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
    push(blobBytes(value));
    push(native.utf8Encode("\r\n"));
  }
  push(native.utf8Encode(`--${boundary}--\r\n`));
  return { bytes: concatBytes(chunks, length), type: `multipart/form-data; boundary=${boundary}` };
}

const CR = 0x0d;
const LF = 0x0a;
const DASH = 0x2d;

/** Where `needle` first stands in `bytes` from `from` on, or -1. */
function indexOfBytes(bytes: Uint8Array, needle: Uint8Array, from: number): number {
  const last = bytes.length - needle.length;
  for (let at = bytes.indexOf(needle[0] as number, from); at >= 0 && at <= last; at = bytes.indexOf(needle[0] as number, at + 1)) {
    let i = 1;
    while (i < needle.length && bytes[at + i] === needle[i]) i++;
    if (i === needle.length) return at;
  }
  return -1;
}

function malformed(what: string): TypeError {
  return new TypeError(`the body is not valid multipart/form-data: ${what}`);
}

/** The form in `bytes`; throws a TypeError when they are not what the boundary promises. */
export function parseMultipart(bytes: Uint8Array<ArrayBuffer>, boundary: string): FormData {
  const form = new FormData();
  const delimiter = native.utf8Encode(`\r\n--${boundary}`);
  const opening = delimiter.subarray(2);
  let at = 0;
  // A preamble is not allowed in form data, but a leading line break is seen in the wild.
  if (bytes[0] === CR && bytes[1] === LF) at = 2;
  if (indexOfBytes(bytes.subarray(at, at + opening.length), opening, 0) !== 0) throw malformed("it does not start with the boundary");
  at += opening.length;
  for (;;) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return form;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) throw malformed("a boundary is followed by something else than a line break");
    at += 2;
    const part: PartHead = { name: null, filename: null, type: "text/plain" };
    at = parsePartHead(bytes, at, part);
    if (part.name === null) throw malformed("a part has no name");
    const end = indexOfBytes(bytes, delimiter, at - 2);
    if (end < 0) throw malformed("a part has no end");
    // An empty part shares its line break with the boundary that follows.
    const content = bytes.subarray(at, Math.max(at, end));
    if (part.filename === null) form.append(part.name, native.utf8Decode(content, false, false));
    else form.append(part.name, new File([content], part.filename, { type: part.type }));
    at = end + delimiter.length;
  }
}

interface PartHead {
  name: string | null;
  filename: string | null;
  type: string;
}

const LINE_BREAK = new Uint8Array([CR, LF]);

/** Reads header lines up to the empty one and returns the position after it. */
function parsePartHead(bytes: Uint8Array, from: number, part: PartHead): number {
  let at = from;
  for (;;) {
    const end = indexOfBytes(bytes, LINE_BREAK, at);
    if (end < 0) throw malformed("a header of a part has no end");
    if (end === at) return at + 2;
    const line = native.utf8Decode(bytes.subarray(at, end), false, true);
    at = end + 2;
    const colon = line.indexOf(":");
    if (colon <= 0) throw malformed("a header of a part has no name");
    const header = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (header === "content-disposition") readDisposition(value, part);
    else if (header === "content-type") {
      const mime = parseMimeType(value);
      part.type = mime === null ? value : serializeMimeType(mime);
    }
  }
}

function readDisposition(value: string, part: PartHead): void {
  if (!/^form-data(;|$)/i.test(value)) throw malformed("a part's content-disposition is not form-data");
  part.name = dispositionParameter(value, "name");
  part.filename = dispositionParameter(value, "filename");
}

function dispositionParameter(value: string, name: string): string | null {
  const found = new RegExp(`;[ \\t]*${name}=(?:"([^"]*)"|([^;"\\s]+))`, "i").exec(value);
  if (found === null) return null;
  return (found[1] ?? found[2] ?? "").replace(/%0A/gi, "\n").replace(/%0D/gi, "\r").replace(/%22/g, '"');
}
