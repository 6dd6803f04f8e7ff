import { UTCDateMini as UTC } from './utc-date'
import { addMonths, differenceInCalendarDays, eachDayOfInterval, endOfMonth, format, formatDistance, formatISODuration, formatRelative, getISOWeek, intervalToDuration, isValid, isWithinInterval, parse, parseISO, startOfWeek } from 'date-fns'
import { de, fr, ja } from 'date-fns/locale'
import { report } from './report'

const day = new UTC('2026-03-29T10:20:30.456Z')

export default report(() => ({
  formats: ['yyyy-MM-dd HH:mm:ss.SSS', 'PPPPpppp', "do 'of' MMMM, EEEE", 'RRRR-II-i', 'QQQ B'].map((pattern) => format(day, pattern)),
  locales: [de, fr, ja].map((locale) => format(day, 'PPPP', { locale })),
  distance: [formatDistance(day, addMonths(day, 5), { addSuffix: true }), formatDistance(day, addMonths(day, -14), { locale: de })],
  relative: formatRelative(addMonths(day, 0), day),
  parsed: parse('7. März 2026', 'd. MMMM yyyy', new Date(0), { locale: de }).getDate(),
  iso: parseISO('2026-02-30').toString() === 'Invalid Date' && isValid(parseISO('2026-02-28T23:59:59Z')),
  ends: [endOfMonth(day), startOfWeek(day, { weekStartsOn: 1 }), addMonths(new UTC('2026-01-31T00:00:00Z'), 1)].map((date) => format(date, 'yyyy-MM-dd')),
  week: [getISOWeek(day), differenceInCalendarDays(day, new UTC('2025-12-31T00:00:00Z'))],
  days: eachDayOfInterval({ start: new UTC('2026-02-26T00:00:00Z'), end: new UTC('2026-03-02T00:00:00Z') }).map((date) => format(date, 'EEEEEE d')),
  duration: formatISODuration(intervalToDuration({ start: new UTC('2020-01-01T00:00:00Z'), end: day })),
  within: isWithinInterval(day, { start: new Date(0), end: new UTC('2030-01-01T00:00:00Z') }),
}))
