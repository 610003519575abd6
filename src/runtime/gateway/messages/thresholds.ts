import type { Remaining } from '../../../domain/admission.ts'
import type { Windows } from '../../../domain/calendar.ts'
import { eventId } from '../../../domain/webhook.ts'
import type { Ledger, Owner } from '../../ports/index.ts'

/** Parts of a limit that make an event, in percent. */
const percents = [80, 100] as const
/** How long the key of an event is remembered: longer than its window. */
const keptDays = { day: 3, month: 40 } as const
/** No call waits longer for the ledger. */
const maxWaitMs = 500
const pauseAfterFailureMs = 60_000
const maxRemembered = 100_000

/** What an admission says of the limits after it. */
export interface Left {
  readonly remaining: Remaining
  readonly windows: Windows
  readonly now: number
}

/** A limit that was reached in part. */
interface Passed {
  readonly key: string
  readonly window: 'day' | 'month'
  readonly percent: number
  readonly used: number
  readonly limit: number
  readonly resetsAt: number
}

function passedOf({ remaining, windows }: Left): Passed[] {
  return (['day', 'month'] as const).flatMap((window) => {
    const limit = remaining.quota[window]
    if (limit === undefined) return []
    const used = limit - remaining[window]
    const { id, end } = windows[window]
    return percents
      .filter((percent) => used * 100 >= limit * percent)
      .map((percent) => ({ key: `quota#${window}#${id}#${percent}`, window, percent, used, limit, resetsAt: end }))
  })
}

/**
 * Notes in the ledger that a customer has used a part of a limit, once for each window: for its webhooks, and for the operator. A call after the first costs nothing: the
 * process remembers it. The ledger takes each key once, so it does not matter how many processes note it. What fails is tried by
 * a later call, which is still above.
 */
export class Thresholds {
  readonly #ledger: Pick<Ledger, 'addEvent' | 'addNotice'> | undefined
  /** Keys, and until when nothing is to be done about each, in milliseconds since 1970. */
  readonly #quietUntil = new Map<string, number>()

  /** @param ledger absent: nothing is noted */
  constructor(ledger: Pick<Ledger, 'addEvent' | 'addNotice'> | undefined) {
    this.#ledger = ledger
  }

  /** Waits for what it notes, but not long: a function is frozen after its answer. It does not throw. */
  async look(owner: Owner, left: Left): Promise<void> {
    if (this.#ledger === undefined) return
    const passed = passedOf(left).filter(({ key }) => (this.#quietUntil.get(nameOf(owner, key)) ?? 0) <= left.now)
    if (passed.length === 0) return
    const late = AbortSignal.timeout(maxWaitMs)
    const ended = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([Promise.all(passed.map((one) => this.#note(owner, one, left.now))), ended])
  }

  async #note(owner: Owner, passed: Passed, now: number): Promise<void> {
    const { key, window, percent, used, limit, resetsAt } = passed
    const name = nameOf(owner, key)
    if (this.#quietUntil.size >= maxRemembered) this.#quietUntil.clear()
    this.#quietUntil.set(name, now + pauseAfterFailureMs)
    const { customer, environment } = owner
    const data = { window, percent, used, limit, resetsAt: new Date(resetsAt).toISOString(), environment }
    const event = { id: eventId(customer, environment, 'quota.threshold', key), type: 'quota.threshold', at: now, data }
    try {
      // The operator first: a key of the customer that is there says nothing of the other.
      await this.#ledger?.addNotice({ key, customer, environment, window, percent, used, limit, resetsAt, at: now })
      await this.#ledger?.addEvent(owner, { key, event }, keptDays[window])
      this.#quietUntil.set(name, resetsAt)
    } catch {
      // A later call notes it.
    }
  }
}

function nameOf({ customer, environment }: Owner, key: string): string {
  return `${customer}/${environment}/${key}`
}
