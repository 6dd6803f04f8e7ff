// node:url: the web's classes, file addresses, and the older `parse`, `format` and `resolve` of the `url` package.

import old from "url/url.js";

interface Address {
  href: string;
  protocol: string;
  hostname: string;
  host: string;
  hash: string;
  search: string;
  pathname: string;
  port: string;
  username: string;
  password: string;
}
type AddressClass = new (input: string, base?: string) => Address;

const { URL, URLSearchParams } = globalThis as unknown as { URL: AddressClass; URLSearchParams: new (init?: unknown) => object };

export const { parse, resolve, resolveObject, Url } = old as Record<"parse" | "resolve" | "resolveObject" | "Url", (...args: never[]) => never>;

export function format(address: unknown, options: { auth?: boolean; fragment?: boolean; search?: boolean } = {}): string {
  if (!(address instanceof URL)) return Reflect.apply((old as Record<string, (...args: unknown[]) => string>).format as never, old, [address]) as string;
  const copy = new URL(address.href);
  if (options.auth === false) copy.username = copy.password = "";
  if (options.fragment === false) copy.hash = "";
  if (options.search === false) copy.search = "";
  return copy.href;
}

export function fileURLToPath(address: string | Address): string {
  const { protocol, hostname, pathname } = typeof address === "string" ? new URL(address) : address;
  if (protocol !== "file:") throw new TypeError("The URL must be of scheme file");
  if (hostname !== "") throw new TypeError('File URL host must be "localhost" or empty');
  if (/%2f/i.test(pathname)) throw new TypeError("File URL path must not include encoded / characters");
  return decodeURIComponent(pathname);
}

export function pathToFileURL(path: string): Address {
  const parts = (path.startsWith("/") ? path : `/${path}`).replaceAll("%", "%25").replaceAll("\\", "%5C").replaceAll("?", "%3F").replaceAll("#", "%23");
  return new URL(`file://${parts}`);
}

const hostOf = (domain: string): string => {
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return "";
  }
};

export const domainToASCII = hostOf;

export function urlToHttpOptions({ protocol, hostname, hash, search, pathname, href, port, username, password }: Address): Record<string, unknown> {
  return {
    protocol, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), hash, search, pathname, path: `${pathname}${search}`, href,
    ...(port === "" ? {} : { port: Number(port) }),
    ...(username || password ? { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` } : {}),
  };
}

export { URL, URLSearchParams };
export default { URL, URLSearchParams, Url, domainToASCII, fileURLToPath, format, parse, pathToFileURL, resolve, resolveObject, urlToHttpOptions };
