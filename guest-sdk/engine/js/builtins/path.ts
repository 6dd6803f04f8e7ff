// node:path: the `path-browserify` package, which is Node's own for POSIX. Paths here have no drive letters.

import path from "path-browserify";

export const { basename, delimiter, dirname, extname, format, isAbsolute, join, normalize, parse, posix, relative, resolve, sep } = path;
export default path;
