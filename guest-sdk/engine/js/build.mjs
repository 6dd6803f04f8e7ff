// Bundles src/main.ts into ../prelude.js, the one script the engine evaluates before its memory is frozen, and Node's modules into
// ../builtins.
// The bytes depend on the sources and the locked dependencies only: no dates, paths or source maps in them.

import { writeFileSync } from "node:fs";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { buildBuiltins } from "./builtins/build.mjs";
import { intl } from "./intl/plugin.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

await build({
  absWorkingDir: here,
  entryPoints: ["src/main.ts"],
  outfile: process.argv[2] ?? "../prelude.js",
  bundle: true,
  format: "iife",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["import"],
  target: "es2023",
  charset: "utf8",
  // Names stay: they are what a tenant sees in a stack, and bytecode does not shrink much without them.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "eof",
  logLevel: "warning",
  plugins: [intl],
});

if (process.argv[2] === undefined) writeFileSync(`${here}builtins/exports.txt`, await buildBuiltins(here, "../builtins"));
