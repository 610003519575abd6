/**
 * What a customer used: counters of one hour, by name. They are counted in the step that admits or settles a call, and only ever
 * grow. Everything is counted in the hour in which the registry learned of it, so an hour that is over stays as it is: what comes
 * back for a message of last month is counted in this month.
 */
export const hourMs = 3_600_000
/** How long counters are kept: the current month and thirteen before it. */
export const countsKeptMs = 430 * 86_400_000

/**
 * How long counters are kept hour by hour: at least the two months before this one. What is older is kept by the day, at the first
 * hour of the customer's day.
 */
export const hoursKeptMs = 75 * 86_400_000
/** The counter of a whole day: how many hours were added to its first. What has it is never added to a different day. */
export const dayName = 'd'

/** Whole numbers by the names of counters. */
export type Counts = Readonly<Record<string, number>>

/** The counters of the hour that begins at `hour`, in milliseconds since 1970. */
export interface HourCounts {
  readonly hour: number
  readonly counts: Counts
}

/**
 * The beginning of the hour that holds an instant. Hours begin with those of the customer's day, whose offset from UTC may be half
 * an hour or 45 minutes (India, Nepal), so that each belongs to one day.
 * @param dayEnd the end of a day in the customer's time zone; 0: hours of UTC
 */
export function hourAt(now: number, dayEnd: number): number {
  return now - ((((now - dayEnd) % hourMs) + hourMs) % hourMs)
}

/** What a message is, as it is counted: the API that took it, its type, and the calling code of its destination. */
export function kindOf(api: string, type: string, destination: string): string {
  return `${api}|${type}|${destination}`
}

/** More kinds of one call than this are counted as `other`: what a call sends along stays short. */
const maxKinds = 16

/** Kinds of the messages of one call, the first few of them. */
export function boundedKinds(kinds: readonly string[]): readonly string[] {
  const kept = new Set([...new Set(kinds)].slice(0, maxKinds))
  return kinds.map((kind) => (kept.has(kind) ? kind : otherKind))
}

/** Of messages of a call with too many kinds. */
export const otherKind = '|other|'
/** Of messages of which nothing is known, such as those of calls that an older version admitted. */
export const unknownKind = '||'

/** What the messages of a call are, in their order. */
export interface Parts {
  /** The kind of each, or one kind for all of them; absent: not known. */
  readonly kinds?: readonly string[]
  /** The units of each; absent: one each. */
  readonly weights?: readonly number[]
}

/** What a call's messages are, of all that it says. */
export function partsOf({ kinds, weights }: Parts): Parts {
  return { ...(kinds !== undefined && { kinds }), ...(weights !== undefined && { weights }) }
}

/** Kinds as they are stored: one, where all are the same. */
export function kindsOf(kinds: readonly string[] | undefined): { readonly kinds?: readonly string[] } {
  const [first] = kinds ?? []
  if (kinds === undefined || first === undefined) return {}
  return { kinds: kinds.every((kind) => kind === first) ? [first] : kinds }
}

export function kindAt({ kinds }: Parts, at: number): string {
  return kinds?.[at] ?? kinds?.[0] ?? unknownKind
}

/**
 * Counters of messages and of their units: `taken` by an admission, `back` by a settlement for what no queue took, and `repaid` for
 * a message that was accepted and then cancelled or refused, which has a report too.
 */
const names = { taken: ['a', 'u'], back: ['b', 'v'], repaid: ['g', 'h'] } as const

/** Adds messages up by their kinds. */
export class Tally {
  readonly #messages: string
  readonly #units: string
  readonly #counts: Record<string, number> = {}

  constructor(what: keyof typeof names) {
    const [messages, units] = names[what]
    this.#messages = messages
    this.#units = units
  }

  add(kind: string, messages: number, units: number): void {
    this.#count(`${this.#messages}|${kind}`, messages)
    this.#count(`${this.#units}|${kind}`, units)
  }

  #count(name: string, by: number): void {
    if (by > 0) this.#counts[name] = (this.#counts[name] ?? 0) + by
  }

  /**
   * Adds messages without keys of their own, with `units` in all. What their parts do not say is of no known kind.
   * @param skips whether message `at` is not counted; absent: all are
   */
  share(units: number, parts: Parts, count = countOf(parts), skips: (at: number) => boolean = () => false): void {
    if (count === 0) {
      this.add(kindAt(parts, 0), units, units)
      return
    }
    let left = units
    for (let at = 0; at < count && left > 0; at++) {
      if (skips(at)) continue
      const taken = Math.min(parts.weights?.[at] ?? 1, left)
      this.add(kindAt(parts, at), 1, taken)
      left -= taken
    }
    this.add(unknownKind, 0, left)
  }

  get counts(): Counts {
    return this.#counts
  }
}

/** How many messages parts describe; 0: they are all alike, with one unit each. */
function countOf({ kinds = [], weights }: Parts): number {
  return weights?.length ?? (kinds.length > 1 ? kinds.length : 0)
}

/** Adds counters to others. */
export function added(before: Counts | undefined, more: Counts): Counts {
  const sum: Record<string, number> = { ...before }
  for (const [name, by] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + by
  return sum
}

/** Hours that can be added to the first hour of their day: they are not the first, and no whole day themselves. */
export function rollable<Hour extends HourCounts>(
  hours: readonly Hour[],
  { start, end }: { readonly start: number; readonly end: number },
): Hour[] {
  return hours.filter(({ hour, counts }) => hour > start && hour < end && counts[dayName] === undefined)
}

/** What is added to the first hour of a day for hours that leave it. */
export function rolledCounts(hours: readonly HourCounts[]): Counts {
  return hours.reduce((sum: Counts, { counts }) => added(sum, counts), { [dayName]: hours.length })
}

/** The counters of messages that ended in one way, and of their units. */
export function endedNames(outcome: string, kind: string): readonly [messages: string, units: string] {
  return [`o|${outcome}|${kind}`, `p|${outcome}|${kind}`]
}

/**
 * The counter of messages that ended and had been accepted in a month of the customer's calendar such as `2026-10`. They are among those
 * that ended, and have it where this month is not surely the one in which they are counted.
 */
export function lateName(outcome: string, kind: string, month: string): string {
  return `l|${outcome}|${kind}|${month}`
}

/** The counter of refused calls, by the API that was asked ('': none) and the reason. */
export function refusedName(api: string | undefined, reason: string): string {
  return `r|${api ?? ''}|${reason}`
}

/** Two-digit calling codes of ITU-T E.164; 1 and 7 have one digit, all others three (ITU Operational Bulletin 1114, annex). */
const twoDigits = /^(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/

/** The calling code of a number in E.164, without its plus sign: `82`. */
export function callingCode(number: string): string {
  const digits = number.replace(/^\+/, '')
  if (/^[17]/.test(digits)) return digits.slice(0, 1)
  return digits.slice(0, twoDigits.test(digits) ? 2 : 3)
}
