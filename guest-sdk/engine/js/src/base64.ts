// atob and btoa (HTML, 8.3). The coding itself is native.

import { DOMException } from "./dom-exception.ts";
import { native } from "./native.ts";
import { requireArguments, toDOMString } from "./webidl.ts";

export function atob(data: string): string {
  requireArguments(arguments.length, 1, "atob");
  const decoded = native.atob(toDOMString(data));
  if (decoded === null) throw new DOMException("atob was given a string that is not valid base64", "InvalidCharacterError");
  return decoded;
}

export function btoa(data: string): string {
  requireArguments(arguments.length, 1, "btoa");
  const encoded = native.btoa(toDOMString(data));
  if (encoded === null) {
    throw new DOMException(
      "btoa takes one character per byte, and this string has one above U+00FF; encode it with TextEncoder first",
      "InvalidCharacterError",
    );
  }
  return encoded;
}
