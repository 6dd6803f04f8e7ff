import { DateTime, Duration, Interval, Settings } from 'luxon'
import { report } from './report'

Settings.defaultZone = 'utc'
Settings.defaultLocale = 'en-US'
Settings.throwOnInvalid = true

export default report(() => {
  const at = DateTime.fromISO('2026-03-29T10:20:30.456Z')
  return {
    iso: [at.toISO(), at.toISODate(), at.toISOWeekDate(), at.toHTTP(), at.toRFC2822(), at.toSQL()],
    zones: [at.setZone('UTC+5:30').toISO(), DateTime.fromISO('2026-01-01T00:00:00+02:00', { setZone: true }).offset],
    named: [at.setZone('America/New_York').toISO(), DateTime.fromObject({ year: 2026, month: 7, day: 1, hour: 9 }, { zone: 'Europe/Berlin' }).toUTC().toISO(), at.setZone('Asia/Kolkata').offsetNameLong],
    local: [at.toLocaleString(DateTime.DATE_FULL), at.toLocaleString(DateTime.DATE_HUGE), at.toLocaleString(DateTime.TIME_24_WITH_SHORT_OFFSET), at.toFormat('DDDD'), at.plus({ days: 2 }).toRelative({ base: at })],
    format: at.toFormat("yyyy LLL dd, EEEE HH:mm 'o''clock' a"),
    maths: [at.plus({ months: 11, days: 3 }).toISODate(), at.minus({ weeks: 1 }).startOf('week').toISODate(), at.endOf('quarter').toISO()],
    diff: at.diff(DateTime.utc(2024, 2, 29), ['years', 'months', 'days', 'hours']).toObject(),
    parsed: [DateTime.fromFormat('12/10/1815 3 PM', 'MM/dd/yyyy h a').toISO(), DateTime.fromHTTP('Sun, 06 Nov 1994 08:49:37 GMT').toMillis(), DateTime.fromSQL('2026-05-06 07:08:09').toISO()],
    duration: [Duration.fromISO('P1Y2M10DT2H30M').shiftTo('months', 'days', 'minutes').toObject(), Duration.fromMillis(3_725_000).toFormat('hh:mm:ss')],
    interval: Interval.fromDateTimes(at, at.plus({ days: 3 })).splitBy({ days: 1 }).map((part) => part.toISODate()),
    order: [DateTime.max(at, at.plus(1)).toMillis() - at.toMillis(), at.hasSame(at.endOf('day'), 'day'), at.weekNumber, at.daysInMonth, at.isInLeapYear],
  }
})
