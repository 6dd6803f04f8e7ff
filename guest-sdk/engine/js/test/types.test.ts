// Holds guest-sdk/types against what the engine really exposes, both ways, and type-checks the gallery with it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { QuickJsGuest } from "./support/quickjs.ts";

const PACKAGE = join(process.env.PRELUDE_MODULES as string, "..");
const TYPES = process.env.ISOLET_TYPES ?? join(PACKAGE, "../../types/index.d.ts");
const NODE_TYPES = join(TYPES, "../node.d.ts");
const GALLERY = process.env.ISOLET_GALLERY ?? join(PACKAGE, "../../../ui/src/examples");
const TEMPLATES = process.env.ISOLET_TEMPLATES ?? join(PACKAGE, "../../../host/server/templates");

/** Members by holder: `URL` for those of its prototype, `URL.static`, `global`, and an object's own under its name. */
type Surface = Map<string, Set<string>>;

const add = (surface: Surface, holder: string, name: string): void => {
  const names = surface.get(holder) ?? new Set();
  surface.set(holder, names.add(name));
};

/**
 * What the file declares. Lines are read one by one, as they are laid out there: declarations at the margin, members two spaces in.
 * What does not read as either is an error, so that nothing is overlooked.
 */
function declared(text: string): Surface {
  const surface: Surface = new Map();
  let holder: string | null = null;
  let depth = 0;
  for (const line of text.replace(/\/\*[\s\S]*?\*\//g, "").split("\n")) {
    if (/^\s*(\/\/.*)?$/.test(line)) continue;
    const opens = (line.match(/[{(]/g) ?? []).length - (line.match(/[})]/g) ?? []).length;
    if (depth === 0) holder = readDeclaration(line, surface);
    else if (depth === 1 && holder !== null && !/^[})]/.test(line)) readMember(line, holder, surface);
    depth += opens;
  }
  assert.equal(depth, 0, "every bracket is closed");
  return surface;
}

/** The holder of the members that follow, if their names are to be compared. */
function readDeclaration(line: string, surface: Surface): string | null {
  const found = /^(?:declare (class|function|var) |(interface|type) )(\w+)/.exec(line);
  assert.ok(found, `not a declaration: ${line}`);
  const [, kind, other, name] = found;
  if (other === "interface") return name === "Console" ? "console" : null;
  if (other === "type") return null;
  add(surface, "global", name as string);
  return kind === "class" ? (name as string) : null;
}

function readMember(line: string, holder: string, surface: Surface): void {
  if (/^ {2}((private|protected) )?constructor\(/.test(line)) return;
  const found = /^ {2}(static )?(?:readonly )?(\w+|\[Symbol\.\w+\])\??[<(:]/.exec(line);
  assert.ok(found, `not a member: ${line}`);
  add(surface, found[1] === undefined ? holder : `${holder}.static`, found[2] as string);
}

/** What is on a global object that the bare engine's does not have. */
const LIST = `(() => {
  const found = {};
  const names = (object, except) => Reflect.ownKeys(object)
    .filter((key) => typeof key === "string" ? !except.includes(key) : key === Symbol.iterator || key === Symbol.asyncIterator)
    .map((key) => (typeof key === "string" ? key : "[Symbol." + key.description.replace("Symbol.", "") + "]"));
  found.global = Object.getOwnPropertyNames(globalThis);
  for (const name of found.global) {
    const value = globalThis[name];
    if (name === "console") found.console = names(value, []);
    if (typeof value !== "function" || !/^[A-Z]/.test(name) || value.prototype === undefined) continue;
    found[name] = names(value.prototype, ["constructor"]);
    found[name + ".static"] = names(value, ["length", "name", "prototype", "arguments", "caller"]);
  }
  return JSON.stringify(found);
})()`;

/** What the bare engine of the tests has already, and the prelude puts its own in place of. */
const REPLACED = ["DOMException", "atob", "btoa", "navigator", "performance", "queueMicrotask"];

/** Of the language, and so in TypeScript's own library. */
const LANGUAGE = "Intl";

async function exposed(): Promise<Surface> {
  using guest = await QuickJsGuest.start();
  const bare = new Set(JSON.parse(QuickJsGuest.bare("JSON.stringify(Object.getOwnPropertyNames(globalThis))")) as string[]);
  const found = JSON.parse(guest.eval(LIST) as string) as Record<string, string[]>;
  const surface: Surface = new Map();
  // The stand-ins of the tests are on the global object too.
  const ours = (name: string): boolean => !name.startsWith("__") && name !== LANGUAGE && (!bare.has(name) || REPLACED.includes(name));
  for (const name of found.global as string[]) if (ours(name)) add(surface, "global", name);
  for (const [holder, names] of Object.entries(found)) {
    if (holder === "global" || !ours(holder.replace(".static", ""))) continue;
    for (const name of names) add(surface, holder, name);
  }
  return surface;
}

test("the types declare what the engine has, and nothing else", async () => {
  const [types, engine] = [declared(readFileSync(TYPES, "utf8")), await exposed()];
  // An own property of each event, as the standard has it.
  types.get("Event")?.delete("isTrusted");
  const flat = (surface: Surface): string[] => [...surface].flatMap(([holder, names]) => [...names].map((name) => `${holder} ${name}`)).sort();
  assert.deepEqual(flat(types), flat(engine));
  assert.ok(flat(types).length > 400);
});

/** Each of these modules' default exports as what a function may be, under these options. */
function typeCheck(mains: string[], options: object): void {
  typeCheckTexts(mains.map((main) => `import handler from ${JSON.stringify(main)};\nexport const checked: ExportedHandler | HandlerFunction = handler;\n`), options);
}

function typeCheckTexts(texts: string[], options: object): void {
  const folder = mkdtempSync(join(tmpdir(), "isolet-types-"));
  try {
    const checks = texts.map((text, number) => {
      const check = join(folder, `${number}.ts`);
      writeFileSync(check, text);
      return check;
    });
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { noEmit: true, ...options }, files: [TYPES, NODE_TYPES, ...checks] }));
    execFileSync(process.execPath, [join(process.env.PRELUDE_MODULES as string, ".bin/tsc"), "-p", folder], { stdio: "pipe", encoding: "utf8" });
  } catch (error) {
    assert.fail((error as { stdout?: string }).stdout || String(error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("every example of the gallery type-checks", () => {
  const examples = readdirSync(GALLERY, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.ok(examples.length >= 10);
  const mains = examples.map(({ name }) => join(GALLERY, name, readdirSync(join(GALLERY, name)).find((file) => /^main\.[cm]?[jt]sx?$/.test(file)) as string));
  typeCheck(mains, {
    strict: true, noImplicitAny: false, useUnknownInCatchVariables: false, allowJs: true, checkJs: true,
    target: "esnext", module: "esnext", moduleResolution: "bundler", lib: ["esnext"], types: [], allowImportingTsExtensions: true,
  });
});

test("what `isolet init` writes type-checks under its own options", () => {
  const mains = readdirSync(TEMPLATES).filter((file) => file.endsWith(".ts")).map((file) => join(TEMPLATES, file));
  assert.ok(mains.length >= 3);
  typeCheck(mains, JSON.parse(readFileSync(join(TEMPLATES, "tsconfig.json"), "utf8")).compilerOptions);
});

test("Node's modules are declared with what they export, and nothing else", () => {
  const exported = readFileSync(join(PACKAGE, "builtins/exports.txt"), "utf8").trim().split("\n").map((line) => line.split(" "));
  const same = [["assert/strict", "assert"], ["path/posix", "path"], ["stream/promises", "stream-promises"], ["util/types", "util-types"]];
  const modules = exported.flatMap(([file, ...names]) => {
    const known = same.filter(([, of]) => of === file).map(([name]) => name as string);
    return [...(file?.includes("-") ? [] : [file as string]), ...known].map((name) => ({ name, names }));
  });
  assert.equal(modules.length, 12);
  const texts = modules.flatMap(({ name, names }) => [name, `node:${name}`].map((specifier) =>
    // One that is missing here, or there, is an error of types.
    `import * as all from ${JSON.stringify(specifier)};\nexport const names: Record<keyof typeof all, 1> = { ${names.map((one) => `${JSON.stringify(one)}: 1`).join(", ")} };\n`));
  const use = `
    import assert, { strict } from "node:assert"; import { AsyncLocalStorage } from "async_hooks"; import { Buffer } from "node:buffer";
    import EventEmitter, { on } from "events"; import path from "node:path"; import { Readable, Transform } from "node:stream";
    import { pipeline } from "node:stream/promises"; import { inspect, promisify, types } from "util"; import { fileURLToPath } from "node:url";
    class Mine extends EventEmitter {}
    export async function all(request: Request): Promise<string> {
      for await (const [x] of on(new Mine(), "x", { signal: request.signal })) strict.equal(x, 1);
      await pipeline(Readable.fromWeb(request.body as ReadableStream), new Transform({ transform: (chunk, _, done) => done(null, chunk) }));
      await promisify(setTimeout)(1);
      assert(types.isDate(1));
      const store: { id: number } | undefined = new AsyncLocalStorage<{ id: number }>().getStore();
      return path.join(fileURLToPath("file:///x"), Buffer.from("y").toString("base64url"), inspect(store), Readable.toWeb(Readable.from([])).locked ? "" : "z");
    }`;
  typeCheckTexts([...texts, use], JSON.parse(readFileSync(join(TEMPLATES, "tsconfig.json"), "utf8")).compilerOptions);
});
