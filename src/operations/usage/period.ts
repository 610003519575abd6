import { type Window, windowOf } from '../../domain/calendar.ts'
import { Problem } from '../../domain/problem.ts'
import { countsKeptMs } from '../../domain/usage.ts'

/** A span of time, in milliseconds since 1970: from `start` up to, not including, `end`. */
export type Period = Pick<Window, 'start' | 'end'>

const day = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/

/** A day or a month of a time zone, as people write it. @throws Problem `input-invalid` */
function windowNamed(text: string, zone: string): Window {
  const [, , month = '', ofMonth] = day.exec(text) ?? []
  const window = Number(month) >= 1 && Number(month) <= 12 ? windowOf(zone, text) : undefined
  // The parser takes the 30th of February for a day in March.
  const isThere = ofMonth === undefined || new Date(`${text}T00:00:00Z`).getUTCDate() === Number(ofMonth)
  if (window !== undefined && isThere) return window
  throw new Problem('input-invalid', `"${text}" is neither a day such as 2026-11-23 nor a month such as 2026-11.`)
}

/**
 * What lies between two days or months, both included, by the calendar of a time zone.
 * @param from absent: the month of `now`, or of `to`
 * @param to absent: up to `now`
 * @throws Problem `input-invalid`
 */
export function periodBetween(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  zone: string,
  now: number,
): Period {
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(now)
  const end = to === undefined ? now + 1 : windowNamed(to, zone).end
  const start = windowNamed(from ?? (to ?? today).slice(0, 7), zone).start
  if (end <= start) throw new Problem('input-invalid', 'The period ends before it begins.', { next: 'swap --from and --to' })
  // Nothing that is older is kept, and reading it would take as long as if there were.
  return { start: Math.max(start, now - countsKeptMs), end: Math.max(Math.min(end, now + 1), now - countsKeptMs) }
}
