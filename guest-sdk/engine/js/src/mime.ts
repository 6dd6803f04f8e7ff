// Parsing and serialising MIME types (MIME Sniffing standard, 4). No sniffing.

export interface MimeType {
  essence: string;
  parameters: Map<string, string>;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTED_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

function trim(text: string): string {
  return text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
}

/** The MIME type `input` stands for, or `null`. */
export function parseMimeType(input: string): MimeType | null {
  const text = trim(input);
  const semicolon = text.indexOf(";");
  const essence = (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/[\t\n\r ]+$/, "");
  const slash = essence.indexOf("/");
  if (slash < 0 || !TOKEN.test(essence.slice(0, slash)) || !TOKEN.test(essence.slice(slash + 1))) return null;
  const parameters = new Map<string, string>();
  let at = semicolon < 0 ? text.length : semicolon;
  while (at < text.length) {
    at++;
    while (at < text.length && /[\t\n\r ]/.test(text[at] as string)) at++;
    const nameStart = at;
    while (at < text.length && text[at] !== ";" && text[at] !== "=") at++;
    const name = text.slice(nameStart, at).toLowerCase();
    if (at >= text.length) break;
    if (text[at] === ";") continue;
    at++;
    let value: string;
    if (text[at] === '"') {
      [value, at] = quotedString(text, at);
      while (at < text.length && text[at] !== ";") at++;
    } else {
      const end = text.indexOf(";", at);
      value = text.slice(at, end < 0 ? text.length : end).replace(/[\t\n\r ]+$/, "");
      at = end < 0 ? text.length : end;
      if (value === "") continue;
    }
    if (TOKEN.test(name) && QUOTED_TEXT.test(value) && !parameters.has(name)) parameters.set(name, value);
  }
  return { essence: essence.toLowerCase(), parameters };
}

/** The content of the quoted string that starts at `at`, and the position after it. */
function quotedString(text: string, at: number): [string, number] {
  let value = "";
  at++;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === "\\" && at + 1 < text.length) at++;
    value += text[at++];
  }
  return [value, at + 1];
}

export function serializeMimeType(mime: MimeType): string {
  let out = mime.essence;
  for (const [name, value] of mime.parameters) {
    out += `;${name}=${TOKEN.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`}`;
  }
  return out;
}
