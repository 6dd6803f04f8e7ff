// Bundles Node's few modules, each into a file of its own beside the engine's Rust (`../../builtins/`), which includes them. What one
// takes from another stays an import. What each exports is kept beside the sources (`exports.txt`), for the front end to hold imports against. Packages' own polyfills of the language and of `process` are left out for what the engine has.

import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Module name to entry; the names are those of `isolet_modules::BUILTINS`. */
const MODULES = {
  assert: "assert", async_hooks: "async_hooks", buffer: "buffer", events: "events", path: "path", stream: "stream",
  "stream-promises": "stream-promises", url: "url", util: "util", "util-types": "util-types",
};

/** What packages require of each other and find among the built-in modules. */
const SHARED = { buffer: "node:buffer", "buffer/": "node:buffer", events: "node:events", "util/": "node:util", util: "node:util", stream: "node:stream" };

/** What is part of the language or of the web by now. */
const THERE = {
  "abort-controller": "module.exports = { AbortController, AbortSignal };",
  "call-bind/callBound": "module.exports = (path) => { const [holder, , method] = path.split('.'); return Function.prototype.call.bind(globalThis[holder].prototype[method]); };",
  "is-nan": "module.exports = Number.isNaN;",
  "object-is": "module.exports = Object.is;",
  "object-is/polyfill": "module.exports = () => Object.is;",
  "object.assign/polyfill": "module.exports = () => Object.assign;",
  "punycode/": "exports.toASCII = (host) => { try { return new URL(`ws://${host}`).hostname; } catch { return host; } };",
  qs: "exports.parse = (text) => { const out = Object.create(null); for (const [name, value] of new URLSearchParams(text)) out[name] = name in out ? [].concat(out[name], value) : value; return out; }; exports.stringify = (query) => { const out = new URLSearchParams(); for (const [name, value] of Object.entries(query)) for (const one of [].concat(value)) out.append(name, one); return String(out); };",
  "safe-buffer": "module.exports = require('buffer');",
};

const plugin = {
  name: "builtins",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^(isolet|node):/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
    onResolve({ filter: /^process\/$/ }, () => ({ path: join(here, "process.ts") }));
    onResolve({ filter: /./ }, ({ path, importer, kind }) => {
      if (kind === "entry-point") return undefined;
      // All it asks of `util`, which itself contains it.
      if (path === "util/" && importer.endsWith("comparisons.js")) return { path: join(here, "util-types.ts") };
      // The entry itself is the one that means the package.
      if (path in SHARED && join(dirname(importer), "/") !== here) return { path, namespace: "shared" };
      return path in THERE ? { path, namespace: "there" } : undefined;
    });
    onLoad({ filter: /./, namespace: "shared" }, ({ path }) => ({ contents: `export * from "${SHARED[path]}"; export { default } from "${SHARED[path]}";`, loader: "js" }));
    onLoad({ filter: /./, namespace: "there" }, ({ path }) => ({ contents: THERE[path], loader: "js", resolveDir: "/" }));
  },
};

/** Writes the modules to `outdir`, and says what each exports: a line each. */
export async function buildBuiltins(absWorkingDir, outdir) {
  const { metafile } = await build({
    absWorkingDir,
    metafile: true,
    entryPoints: Object.entries(MODULES).map(([out, file]) => ({ in: `builtins/${file}.ts`, out })),
    outdir,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    charset: "utf8",
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "eof",
    logLevel: "warning",
    inject: ["builtins/process.ts"],
    plugins: [plugin],
  });
  const lines = Object.entries(metafile.outputs).map(([file, { exports }]) => `${basename(file, ".js")} ${exports.toSorted().join(" ")}\n`);
  return lines.toSorted().join("");
}
