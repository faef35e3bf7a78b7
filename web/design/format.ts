const whole = new Intl.NumberFormat()
const decimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 })
const signed = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' })

/** A number as its reader writes numbers. */
export function number(value: number): string {
  return Number.isInteger(value) ? whole.format(value) : decimal.format(value)
}

/** A percentage that is given as such: 12.5 is 12.5 %. */
export function percent(value: number, digits = 2): string {
  return new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: digits }).format(value / 100)
}

/** By how much a number differs from the one before, in percent; null where there is nothing to compare with. */
export function change(now: number, before: number): string | null {
  return before === 0 ? null : signed.format((now - before) / before)
}

/** A moment with its time, in a zone. */
export function moment(iso: string, zone?: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', ...(zone ? { timeZone: zone } : {}) }).format(new Date(iso))
}

/** A day, in a zone. */
export function day(iso: string, zone?: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', ...(zone ? { timeZone: zone } : {}) }).format(new Date(iso))
}

/** How a bucket of a series is named. */
export function bucketName(at: number, interval: 'hour' | 'day' | 'week' | 'month', zone: string): string {
  const parts: Intl.DateTimeFormatOptions =
    interval === 'hour' ? { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' } : interval === 'month' ? { month: 'long', year: 'numeric' } : { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }
  const name = new Intl.DateTimeFormat(undefined, { ...parts, timeZone: zone }).format(at)
  return interval === 'week' ? `Week of ${name}` : name
}

/** A length of time, in the largest unit that fits; the unit in short where there is little room. */
export function duration(seconds: number, unitDisplay: 'long' | 'short' = 'long'): string {
  const [value, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 5_400 ? [seconds / 60, 'minute'] : seconds < 129_600 ? [seconds / 3_600, 'hour'] : [seconds / 86_400, 'day']
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay, maximumFractionDigits: 1 }).format(value)
}

/** An amount of data, in the largest unit that fits. */
export function bytes(count: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3))
  return new Intl.NumberFormat(undefined, { style: 'unit', unit: units[power], maximumFractionDigits: 1 } as Intl.NumberFormatOptions).format(count / 1000 ** power)
}
