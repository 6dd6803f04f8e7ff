// Lays out the pieces inspect.ts made: on one line when they are few and short, in columns for long arrays, one per
// line otherwise. The rules are those of Node's util.inspect with its default settings.

const BREAK_LENGTH = 80;
/** So many inner levels may share a line. */
const COMPACT = 3;
const MAX_COLUMNS = 15;

interface Pieces {
  output: string[];
  base: string;
  open: string;
  close: string;
  indentation: number;
  /** False when `output` are rows made by groupArrayEntries. */
  ungrouped: boolean;
  /** How many levels of objects the pieces hold below their own. */
  inner: number;
}

export function joinEntries(pieces: Pieces): string {
  const { output, base, open, close, indentation } = pieces;
  const start = base === "" ? "" : `${base} `;
  if (pieces.ungrouped && pieces.inner < COMPACT) {
    const budget = output.length + indentation + open.length + base.length + 10;
    let total = output.length + budget;
    for (const entry of output) total += entry.length;
    if (total <= BREAK_LENGTH && !base.includes("\n") && !output.some((entry) => entry.includes("\n"))) {
      return output.length === 0 ? `${start}${open}${close}` : `${start}${open} ${output.join(", ")} ${close}`;
    }
  }
  if (output.length === 0) return `${start}${open}${close}`;
  const margin = `\n${" ".repeat(indentation)}`;
  return `${start}${open}${margin}  ${output.join(`,${margin}  `)}${margin}${close}`;
}

interface ArrayPieces {
  entries: string[];
  /** The array, to tell numbers, which line up on the right. */
  array: readonly unknown[];
  /** The last entry says how many more there are. */
  cut: boolean;
  indentation: number;
}

/** Rows of array elements in columns, or the entries themselves when they do not lend themselves to it. */
export function groupArrayEntries({ entries, array, cut, indentation }: ArrayPieces): string[] {
  const count = cut ? entries.length - 1 : entries.length;
  const separator = 2;
  let total = 0;
  let longest = 0;
  for (let i = 0; i < count; i++) {
    const { length } = entries[i] as string;
    total += length + separator;
    if (length > longest) longest = length;
  }
  const width = longest + separator;
  if (width * 3 + indentation >= BREAK_LENGTH || (total / width <= 5 && longest > 6)) return entries;
  const biased = Math.max(width - 3 - Math.sqrt(width - total / entries.length), 1);
  // As near to a square as it gets, a character being about 2.5 times as high as wide.
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * biased * count) / biased),
    Math.floor((BREAK_LENGTH - indentation) / width),
    COMPACT * 4,
    MAX_COLUMNS,
  );
  if (columns <= 1) return entries;
  const widths: number[] = [];
  for (let column = 0; column < columns; column++) {
    let widest = 0;
    for (let i = column; i < count; i += columns) widest = Math.max(widest, (entries[i] as string).length);
    widths.push(widest + separator);
  }
  const numeric = array.slice(0, entries.length).every((one) => typeof one === "number" || typeof one === "bigint");
  const rows: string[] = [];
  for (let from = 0; from < count; from += columns) {
    const end = Math.min(from + columns, count) - 1;
    let row = "";
    for (let i = from; i < end; i++) {
      const cell = `${entries[i] as string}, `;
      const size = widths[i - from] as number;
      row += numeric ? cell.padStart(size) : cell.padEnd(size);
    }
    const last = entries[end] as string;
    row += numeric ? last.padStart((widths[end - from] as number) - separator) : last;
    rows.push(row);
  }
  return cut ? [...rows, entries[count] as string] : rows;
}
