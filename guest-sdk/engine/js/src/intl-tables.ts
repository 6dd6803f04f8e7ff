// Large tables that are rarely looked into, as one text each: as objects their thousands of names would fill the engine's own table of
// names, which a request writes to. Bundling makes the texts (`intl/plugin.mjs`).

/** Reads like the object it was: each line of the text is a name, a tab and the value as JSON. `rest` has what the text has not. */
export function table(text: string, rest?: Record<string, unknown>): Record<string, unknown> {
  return new Proxy(Object.create(null) as Record<string, unknown>, {
    get(_target, name) {
      const line = `\n${String(name)}\t`;
      const found = text.indexOf(line);
      return found < 0 ? rest?.[String(name)] : JSON.parse(text.slice(found + line.length, text.indexOf("\n", found + line.length)));
    },
  });
}

/** The names of such a text. */
export const namesOf = (text: string): string[] => text.split("\n").slice(1, -1).map((line) => line.slice(0, line.indexOf("\t")));
