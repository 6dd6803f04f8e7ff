// What the packages that make up the built-in modules ask of `process`, as a module and as a global. Not Node's, and nobody else's.

declare const console: { warn(text: string): void };
declare function queueMicrotask(callback: () => void): void;

export const env = {};
export const argv: string[] = [];
export const version = "";
export const versions = {};
export const browser = true;

export function emitWarning(warning: unknown): void {
  console.warn(String(warning));
}

export function nextTick(callback: (...args: unknown[]) => void, ...args: unknown[]): void {
  queueMicrotask(() => callback(...args));
}

export const process = { env, argv, version, versions, browser, emitWarning, nextTick };
export default process;
