// Stacks as tenants read them: the engine's own frames taken out. Finding the user's source position is the Rust
// half's part.

/** The file a frame names: `at f (main.js:1:2)` or `at main.js:1:2`. */
function fileOf(frame: string): string | undefined {
  return /([^\s()]+?):\d+(?::\d+)?\)?$/.exec(frame)?.[1];
}

/** The name this script was evaluated under, taken from its own stack: "prelude.js" or whatever the engine called it. */
const OWN_FILE = (new Error().stack ?? "").split("\n").map(fileOf).find((file) => file !== undefined);

/** The frames of `stack` that are not the prelude's or the engine's own, without the `message` in its head; text without any frames stays as it is. */
export function tenantFrames(stack: unknown, message = ""): string {
  if (typeof stack !== "string") return "";
  // A message may have lines that look like frames.
  const at = message === "" ? -1 : stack.indexOf(message);
  const text = at < 0 || stack.slice(0, at).includes("\n") ? stack : stack.slice(at + message.length);
  const frames = text.split("\n").filter((line) => /^\s*at /.test(line));
  if (frames.length === 0) return text === stack ? text.trimEnd() : "";
  return frames
    .map((frame) => frame.trimEnd())
    .filter((frame) => !frame.endsWith("(native)") && (OWN_FILE === undefined || fileOf(frame) !== OWN_FILE))
    .join("\n");
}

/** The frames of the caller, raw, for the Rust half to find a source line in. */
export function currentStack(): string {
  return new Error().stack ?? "";
}
