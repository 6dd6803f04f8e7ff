// A date whose local time is UTC, as `@date-fns/utc` makes one: the sandbox has no other zone, the machine of a test may.

const parts = ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'] as const

export class UTCDateMini extends Date {
  override getTimezoneOffset(): number {
    return 0
  }
  [Symbol.for('constructDateFrom')](value: number | string | Date): Date {
    return new UTCDateMini(+new Date(value))
  }
}
for (const part of parts) {
  const own = UTCDateMini.prototype as unknown as Record<string, unknown>
  for (const verb of ['get', 'set']) {
    const utc = own[`${verb}UTC${part}`]
    if (utc !== undefined) own[`${verb}${part}`] = utc
  }
}
