// Builds the bundle and the tests into a temporary folder and runs them with Node's test runner.
// `node test/run.mjs url` runs only the files whose name contains "url".

import { build } from "esbuild";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBuiltins } from "../builtins/build.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const only = process.argv[2] ?? "";
const out = mkdtempSync(join(tmpdir(), "isolet-prelude-"));
const prelude = join(out, "prelude.js");

execFileSync(process.execPath, [join(here, "../build.mjs"), prelude], { stdio: "inherit" });

// The front end holds imports against this list.
const exported = await buildBuiltins(join(here, ".."), join(out, "builtins"));
if (exported !== readFileSync(join(here, "../builtins/exports.txt"), "utf8")) {
  console.error("builtins/exports.txt is not what the modules export: npm run build writes it");
  process.exit(1);
}

const files = readdirSync(here).filter((name) => name.endsWith(".test.ts") && name.includes(only));
await build({
  absWorkingDir: here,
  entryPoints: files,
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  // Resolved at run time from the folder they are installed in.
  external: ["@jitl/*", "quickjs-emscripten-core"],
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});

const tests = files.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-concurrency=2", ...tests], {
  stdio: "inherit",
  env: { ...process.env, PRELUDE: prelude, PRELUDE_MODULES: join(here, "../node_modules") },
});
rmSync(out, { recursive: true, force: true });
process.exit(status ?? 1);
