// Stacks as tenants read them: the engine's own frames taken out. Finding the user's source position is the Rust
// half's part.

/** The file a frame names: `at f (main.js:1:2)` or `at main.js:1:2`. */
function fileOf(frame: string): string | undefined {
  return /([^\s()]+?):\d+(?::\d+)?\)?$/.exec(frame)?.[1];
}

/** The name this script was evaluated under, taken from its own stack: "prelude.js" or whatever the engine called it. */
const OWN_FILE = (new Error().stack ?? "").split("\n").map(fileOf).find((file) => file !== undefined);

/** `stack` without frames of the prelude and of the engine's own built-ins. */
export function tenantFrames(stack: unknown): string {
  if (typeof stack !== "string" || stack === "") return "";
  const kept = stack.split("\n").filter((line) => {
    const frame = line.trimEnd();
    if (frame === "" || frame.endsWith("(native)")) return false;
    return OWN_FILE === undefined || fileOf(frame) !== OWN_FILE;
  });
  return kept.join("\n");
}

/** The frames of the caller, raw, for the Rust half to find a source line in. */
export function currentStack(): string {
  return new Error().stack ?? "";
}
