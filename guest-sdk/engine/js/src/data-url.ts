// data: URLs (Fetch, 6): their media type and bytes.

import { parseMimeType, serializeMimeType } from "./mime.ts";
import { native } from "./native.ts";
import { percentDecode } from "./url-search-params.ts";

const BASE64 = /; *base64$/i;

/** What a data: URL holds, or `null` when it is malformed. `href` is normalised. */
export function parseDataUrl(href: string): { type: string; bytes: Uint8Array<ArrayBuffer> } | null {
  const fragment = href.indexOf("#");
  const text = href.slice("data:".length, fragment < 0 ? href.length : fragment);
  const comma = text.indexOf(",");
  if (comma < 0) return null;
  let type = text.slice(0, comma).replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "");
  let bytes = percentDecode(native.utf8Encode(text.slice(comma + 1)));
  if (BASE64.test(type)) {
    const decoded = native.atob(native.utf8Decode(bytes, false, true));
    if (decoded === null) return null;
    bytes = Uint8Array.from(decoded, (char) => char.charCodeAt(0));
    type = type.replace(BASE64, "");
  }
  if (type.startsWith(";")) type = `text/plain${type}`;
  const mime = parseMimeType(type);
  return { type: mime === null ? "text/plain;charset=US-ASCII" : serializeMimeType(mime), bytes };
}
