import { Problem } from './problem.ts'

/** A period that a quota counts in: from `start` up to, not including, `end` (milliseconds since 1970). */
export interface Window {
  /** `2026-11-23` for a day, `2026-11` for a month. Later windows sort after earlier ones. */
  readonly id: string
  readonly start: number
  readonly end: number
}

/** The day and the month that an instant falls into, by the calendar of one time zone. */
export interface Windows {
  /** IANA name of the time zone. */
  readonly zone: string
  readonly day: Window
  readonly month: Window
}

/** Of a customer for whom none is set. */
export const defaultTimeZone = 'Asia/Seoul'

interface LocalDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    })
    formats.set(timeZone, format)
  }
  return format
}

/** @throws Problem `input-invalid` when the runtime's tz database does not know the zone */
export function timeZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch (cause) {
    throw new Problem('input-invalid', `"${text}" is not a time zone of the IANA database.`, {
      next: 'use a name such as Asia/Seoul, America/New_York or UTC',
      cause,
    })
  }
}

function localDateAt(zone: string, instant: number): LocalDate {
  const part = { year: 0, month: 0, day: 0 }
  for (const { type, value } of formatOf(zone).formatToParts(instant)) {
    if (type === 'year' || type === 'month' || type === 'day') part[type] = Number(value)
  }
  return part
}

/** Days since 1970 of a local date, as a number that can be compared. `day` may run over: day 32 is in the next month. */
function ordinal(date: LocalDate): number {
  return Date.UTC(date.year, date.month - 1, date.day) / 86_400_000
}

/**
 * The first instant of a local date. It is searched for rather than computed from an offset: where the clock jumps
 * at midnight (Beirut, Cairo), the day begins at 01:00, and no offset of the day before or after gives that.
 */
function startOf(zone: string, date: LocalDate): number {
  const wanted = ordinal(date)
  // UTC offsets lie between -12 and +14 hours; an hour is left to either side.
  let before = wanted * 86_400_000 - 15 * 3_600_000
  let after = wanted * 86_400_000 + 13 * 3_600_000
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (ordinal(localDateAt(zone, middle)) >= wanted) after = middle
    else before = middle
  }
  return after
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

function dayOf(zone: string, date: LocalDate): Window {
  return {
    id: `${date.year}-${pad(date.month)}-${pad(date.day)}`,
    start: startOf(zone, date),
    end: startOf(zone, { ...date, day: date.day + 1 }),
  }
}

function monthOf(zone: string, date: LocalDate): Window {
  return {
    id: `${date.year}-${pad(date.month)}`,
    start: startOf(zone, { ...date, day: 1 }),
    end: startOf(zone, { year: date.year, month: date.month + 1, day: 1 }),
  }
}

const lastWindows = new Map<string, Windows>()

/** The windows that hold `instant`. Cached per zone, because they change once per day. */
export function windowsAt(zone: string, instant: number): Windows {
  const last = lastWindows.get(zone)
  if (last !== undefined && instant >= last.day.start && instant < last.day.end) return last
  const date = localDateAt(zone, instant)
  const windows = { zone, day: dayOf(zone, date), month: monthOf(zone, date) }
  lastWindows.set(zone, windows)
  return windows
}

/** The window of an id that `windowsAt` gave out. */
export function windowOf(zone: string, id: string): Window {
  const [year = 1970, month = 1, day] = id.split('-').map(Number)
  return day === undefined ? monthOf(zone, { year, month, day: 1 }) : dayOf(zone, { year, month, day })
}
