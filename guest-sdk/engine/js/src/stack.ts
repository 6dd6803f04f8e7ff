// Stacks as tenants read them: the engine's own frames taken out. Finding the user's source position is the Rust
// half's part.

/** The file a frame names: `at f (main.js:1:2)` or `at main.js:1:2`. */
function fileOf(frame: string): string | undefined {
  return /([^\s()]+?):\d+(?::\d+)?\)?$/.exec(frame)?.[1];
}

/** The name this script was evaluated under, taken from its own stack: "prelude.js" or whatever the engine called it. */
const OWN_FILE = (new Error().stack ?? "").split("\n").map(fileOf).find((file) => file !== undefined);

/** The frames of `stack` that are not the prelude's or the engine's own; text without any frames stays as it is. */
export function tenantFrames(stack: unknown): string {
  if (typeof stack !== "string") return "";
  const frames = stack.split("\n").filter((line) => /^\s*at /.test(line));
  if (frames.length === 0) return stack.trimEnd();
  return frames
    .map((frame) => frame.trimEnd())
    .filter((frame) => !frame.endsWith("(native)") && (OWN_FILE === undefined || fileOf(frame) !== OWN_FILE))
    .join("\n");
}

/** The frames of the caller, raw, for the Rust half to find a source line in. */
export function currentStack(): string {
  return new Error().stack ?? "";
}
