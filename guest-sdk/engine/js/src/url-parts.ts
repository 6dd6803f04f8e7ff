// Where each part of a URL is in what the natives give of it (`UrlParts`). Names only; the bundler puts the numbers in their place.

export const HREF = 0;
export const ORIGIN = 1;
export const PROTOCOL = 2;
export const USERNAME = 3;
export const PASSWORD = 4;
export const HOST = 5;
export const HOSTNAME = 6;
export const PORT = 7;
export const PATHNAME = 8;
export const SEARCH = 9;
export const HASH = 10;
