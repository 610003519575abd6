/** How a carrier's table writes an instant. */
export type TimeFormat = 'epoch-ms' | 'datetime' | 'compact'

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (format === undefined) {
    const two = '2-digit'
    format = new Intl.DateTimeFormat('sv-SE', {
      timeZone,
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    })
    formats.set(timeZone, format)
  }
  return format
}

/** `2026-11-23 12:00:00` on the clocks of a time zone. */
export function wallClock(instant: number, timeZone: string): string {
  return formatOf(timeZone).format(instant)
}

/** `202611`, the month that an instant falls into. */
export function monthOf(instant: number, timeZone: string): string {
  return wallClock(instant, timeZone).slice(0, 7).replace('-', '')
}

export function writeTime(instant: number, format: TimeFormat, timeZone: string): string | number {
  if (format === 'epoch-ms') return instant
  const text = wallClock(instant, timeZone)
  return format === 'datetime' ? text : text.replaceAll(/\D/g, '')
}

/** Compact times of KT's tables may end with the minute. */
const pattern = /^(\d{4})-?(\d\d)-?(\d\d)[ T]?(\d\d):?(\d\d)(?::?(\d\d)(\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/

/** What a Date can hold, less a day for the offset of a time zone. */
function isInstant(value: number): boolean {
  return Math.abs(value) <= 8.64e15 - 86_400_000
}

/**
 * Reads what a database gives for an instant: milliseconds, or a time on the clocks of a zone, with an offset or without.
 * A time that a change of clocks skipped or repeats is read as one of the two that it may mean.
 * @returns `undefined` if it is not a time
 */
export function readTime(value: unknown, format: TimeFormat, timeZone: string): number | undefined {
  if (value === null || value === undefined || value === '') return undefined
  if (format === 'epoch-ms') return isInstant(Number(value)) ? Number(value) : undefined
  const match = pattern.exec(String(value))
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second = '00', fraction = '', offset] = match
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}`
  if (offset !== undefined) {
    const instant = Date.parse(`${iso}${/^[+-]\d\d$/.test(offset) ? `${offset}:00` : offset}`)
    return isInstant(instant) ? instant : undefined
  }
  // The zone's offset at the instant that the clock's reading would be in UTC is right, or an hour off around a change.
  const asUtc = Date.parse(`${iso}Z`)
  // 0000-00-00 is what MySQL writes for no date, and matches the pattern.
  if (!isInstant(asUtc)) return undefined
  const ahead = (instant: number): number =>
    Date.parse(`${wallClock(instant, timeZone).replace(' ', 'T')}Z`) - Math.floor(instant / 1000) * 1000
  // Intl writes the years before 1000 and from 10000 on in another form, which is not read back.
  const guess = asUtc - ahead(asUtc)
  const instant = isInstant(guess) ? asUtc - ahead(guess) : Number.NaN
  return isInstant(instant) ? instant : undefined
}
