// How a date format that has fields of the date and of the time is found: each part is matched by itself, and the two are joined as the
// locale joins them. Keeping all that can be joined would be hundreds of formats, gone through for every date format made.

type Options = Record<string, unknown>;

/** A range's pattern for when one field differs; where each part is from. */
interface RangePattern {
  patternParts: { source: string; pattern: string }[];
}

export interface DateFormat extends Options {
  month?: string;
  pattern: string;
  pattern12: string;
  rangePatterns: Record<string, RangePattern>;
  rangePatterns12: Record<string, RangePattern>;
}

type Match = (options: Options, formats: readonly DateFormat[]) => DateFormat;

const DATE = ["weekday", "era", "year", "month", "day"];
const TIME = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits", "timeZoneName"];

/** The given options of those names, `null` for none. */
function part(options: Options, names: readonly string[]): Options | null {
  const found: Options = Object.create(null);
  for (const name of names) if (options[name] !== undefined) found[name] = options[name];
  return Object.keys(found).length === 0 ? null : found;
}

/** A field that has no format of its own. */
const alone = (field: string, value: unknown): DateFormat =>
  ({ [field]: value, pattern: `{${field}}`, pattern12: `{${field}}`, rangePatterns: {}, rangePatterns12: {} });

function matchTime(time: Options, options: Options, formats: readonly DateFormat[], match: Match): DateFormat {
  const [first, second] = Object.keys(time);
  if (second === undefined && (first === "timeZoneName" || first === "fractionalSecondDigits")) return alone(first, time[first]);
  return match({ ...time, hour12: options.hour12 }, formats);
}

export function bestFit(options: Options, formats: readonly DateFormat[], match: Match, connectors: Record<string, string>): DateFormat {
  const [date, time] = [part(options, DATE), part(options, TIME)];
  if (time === null) return match(options, formats);
  if (date === null) return matchTime(time, options, formats, match);
  // These are not joined like the others, and have formats of their own.
  if (Object.keys(date).join() === "weekday" && time.hour !== undefined && time.timeZoneName === undefined) return match(options, formats);
  const [left, right] = [match(date, formats), matchTime(time, options, formats, match)];
  const connector = connectors[left.month === "long" ? "long" : "short"] as string;
  const join = (first: string, second: string): string => connector.replace("{1}", () => first).replace("{0}", () => second);
  const ranges = (date: DateFormat["rangePatterns"], time: DateFormat["rangePatterns"], pattern: string): DateFormat["rangePatterns"] => {
    const joined: DateFormat["rangePatterns"] = Object.create(null);
    // A day that both ends share is said once.
    for (const [field, range] of Object.entries(time)) {
      joined[field] = { ...range, patternParts: [{ source: "shared", pattern: join(pattern, "") }, ...range.patternParts] };
    }
    if (date.default !== undefined) joined.default = date.default;
    return joined;
  };
  return Object.assign(Object.create(null) as DateFormat, left, right, {
    pattern: join(left.pattern, right.pattern),
    pattern12: join(left.pattern12, right.pattern12),
    rangePatterns: ranges(left.rangePatterns, right.rangePatterns, left.pattern),
    rangePatterns12: ranges(left.rangePatterns12, right.rangePatterns12, left.pattern12),
  });
}
