import type { HourCounts } from '../../domain/usage.ts'
import { endings, lateOf, linesOf, nothingUsed, openOf, type Used, usedTogether } from '../../domain/usage-lines.ts'

/** Messages of one type to one destination that were accepted in one month, as a bill counts them. */
export interface Counted {
  /** The month of the bill, or an earlier one. */
  readonly accepted: string
  readonly type: string
  /** With its plus sign. */
  readonly destination: string
  messages: number
  undelivered: number
}

const notDelivered = endings.filter((ending) => ending !== 'delivered')

/**
 * Adds up what belongs on the bill of one month: what was accepted in it, and what ended in it, by the month in which it was
 * accepted. Outcomes of which that is not known, as an older version counted them, belong to the month in which they are counted.
 */
export class MonthCount {
  readonly #owner: { readonly customer: string; readonly environment: 'live' }
  readonly #month: string
  readonly #groups = new Map<string, Counted>()
  #used: Used = nothingUsed
  /** Messages of this month that ended, less those of other months that ended in it. */
  #shifted = 0

  constructor(customer: string, month: string) {
    // The test environment costs nothing.
    this.#owner = { customer, environment: 'live' }
    this.#month = month
  }

  /** Adds an hour of the month. */
  add(hour: HourCounts): void {
    for (const { type, destination, reason, ...used } of linesOf(this.#owner, hour)) {
      if (reason !== '') continue
      this.#used = usedTogether(this.#used, used)
      const group = this.#group(this.#month, type, destination)
      group.messages += used.accepted.messages - used.unsent.messages
      for (const ending of notDelivered) group.undelivered += used.ended[ending].messages
    }
    for (const { month, ending, type, destination, messages } of lateOf(hour)) {
      if (month === this.#month) continue
      this.#shifted -= messages
      if (ending === 'delivered') continue
      this.#group(this.#month, type, destination).undelivered -= messages
      this.#group(month, type, destination).undelivered += messages
    }
  }

  /** Adds an hour after the month: it may say how messages of the month ended, which the bill of that hour's month credits. */
  addLater(hour: HourCounts): void {
    for (const { month, messages } of lateOf(hour)) if (month === this.#month) this.#shifted += messages
  }

  #group(accepted: string, type: string, destination: string): Counted {
    const name = `${accepted}|${type}|${destination}`
    const group = this.#groups.get(name) ?? {
      accepted,
      type: type || 'unknown',
      destination: destination === '' ? 'unknown' : `+${destination}`,
      messages: 0,
      undelivered: 0,
    }
    this.#groups.set(name, group)
    return group
  }

  get counted(): Counted[] {
    return [...this.#groups.values()].filter(({ messages, undelivered }) => messages !== 0 || undelivered !== 0)
  }

  /** Messages that were accepted in the month and have not ended by the last hour that was added. */
  get open(): number {
    return Math.max(0, openOf(this.#used) - this.#shifted)
  }
}
