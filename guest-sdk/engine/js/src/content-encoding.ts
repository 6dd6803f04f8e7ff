// Content codings of fetched responses (RFC 9110, 8.4.1): which are asked for, and how a body is decoded chunk by chunk.

import { type HeaderList, listGet } from "./headers.ts";
import { type CodecState, type CompressionFormat, native } from "./native.ts";

const FORMATS: Readonly<Record<string, CompressionFormat>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
};

export const wantedEncodings = "gzip, br, deflate";

type Read = () => Promise<Uint8Array<ArrayBuffer> | null>;

/** The body as its author wrote it. Headers that speak of the coded bytes are left out where something was decoded. */
export function decoded(read: Read, headers: HeaderList): { read: Read; headers: HeaderList } {
  const codings = (listGet(headers, "content-encoding") ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
  // A coding nobody here knows: the bytes are handed over as they come.
  if (codings.length === 0 || codings.length > 4 || !codings.every((coding) => coding in FORMATS)) return { read, headers };
  let plain = read;
  for (const coding of codings.reverse()) plain = through(plain, FORMATS[coding] as CompressionFormat);
  const left: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    if (name !== "content-encoding" && name !== "content-length") left.push(headers[i] as string, headers[i + 1] as string);
  }
  return { read: plain, headers: left };
}

function through(read: Read, format: CompressionFormat): Read {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const keep = (piece: Uint8Array<ArrayBuffer>): void => void pieces.push(piece);
  let codec: CodecState | null = null;
  let ended = false;
  return async () => {
    for (;;) {
      const piece = pieces.shift();
      if (piece !== undefined) return piece;
      if (ended) return null;
      const chunk = await read();
      if (chunk === null) {
        ended = true;
        // A body of no bytes at all is taken for an empty one, whatever its coding.
        if (codec !== null) native.codecEnd(codec, keep);
      } else {
        codec ??= native.codecNew(format, false);
        native.codecWrite(codec, chunk, keep);
      }
    }
  };
}
