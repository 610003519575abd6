import { setTimeout as sleep } from 'node:timers/promises'
import type { Carrier } from '../../domain/carrier.ts'
import type { Database, FinishedMessage, Ledger, Owner, Reported } from '../ports/index.ts'
import type { Observe } from './events.ts'
import { RefusedOwners } from './refused-owners.ts'

/** Outcomes of one round. A round that finds fewer has found all of them. */
const roundSize = 4_000
/** Customers whose reports are written at the same time. */
const ownersAtOnce = 32
/** Reported rows that one transaction moves away: short locks. */
const tidySize = 1_000
const firstPauseMs = 250
const maxPauseMs = 5_000
const lagEveryMs = 30_000

export interface PumpParts {
  readonly database: Database
  readonly ledger: Ledger
  readonly carriers: readonly Carrier[]
  readonly observe: Observe
}

function reportOf({ id, ref, callback, outcome, code, channel, at }: FinishedMessage): Reported {
  return {
    id,
    status: outcome,
    at,
    ...(ref !== undefined && { ref }),
    ...(callback !== undefined && { callback }),
    ...(code !== undefined && { code }),
    ...(channel !== undefined && { channel }),
  }
}

interface Appended {
  readonly ids: string[]
  readonly owners: Owner[]
  readonly failed: { readonly owner: Owner; readonly error: unknown }[]
}

/** Appends one customer after the other, several at once. One that fails does not stop the others. */
async function appendAll(ledger: Ledger, finals: readonly FinishedMessage[]): Promise<Appended> {
  const owned = Map.groupBy(finals, ({ customer, environment }) => JSON.stringify([customer, environment])).values()
  const done: Appended = { ids: [], owners: [], failed: [] }
  // All take from one iterator, so each customer is written by one of them.
  const writer = async (): Promise<void> => {
    for (const some of owned) {
      const [first] = some
      if (first === undefined) continue
      const owner = { customer: first.customer, environment: first.environment }
      try {
        await ledger.append(owner, some.map(reportOf))
        for (const { id } of some) done.ids.push(id)
        done.owners.push(owner)
      } catch (error) {
        done.failed.push({ owner, error })
      }
    }
  }
  await Promise.all(Array.from({ length: ownersAtOnce }, writer))
  return done
}

/**
 * Carries outcomes of one carrier into the ledger, and knows how far behind it is. A process that dies between the ledger
 * and the note that a report was written leaves reports that are written again: readers see each at least once, and none
 * is lost.
 */
class CarrierPump {
  readonly #parts: PumpParts
  readonly #carrier: Carrier
  readonly #refused = new RefusedOwners()
  /** When the last round began that carried everything there was. */
  #completeAt = Date.now()
  /** The oldest outcome that the last round found, where it did not carry everything. */
  #oldestAt: number | undefined
  /** Messages whose report is in the ledger and is not noted yet. They are not carried again. */
  readonly #unnoted = new Set<string>()
  #noting: Promise<void> = Promise.resolve()
  /** Why the last note failed. */
  #noteFailure: { readonly error: unknown } | undefined
  #tidying: Promise<void> | undefined

  constructor(parts: PumpParts, carrier: Carrier) {
    this.#parts = parts
    this.#carrier = carrier
  }

  get queue(): string {
    return this.#carrier.queue
  }

  /** The age of the oldest outcome that may still be without a report, in milliseconds; near 0 while it keeps up. */
  lagMs(now: number): number {
    return Math.max(0, now - Math.min(this.#completeAt, this.#oldestAt ?? now))
  }

  /**
   * Carries what a round finds. Its reports are noted while the next round reads and writes.
   * @returns how many reports were written
   */
  async round(): Promise<number> {
    const { database, ledger } = this.#parts
    // Nothing more is read until what is in the ledger can be noted.
    if (this.#noteFailure !== undefined) await this.#note()
    const startedAt = Date.now()
    const except = this.#refused.until(startedAt)
    // A note may end while the database is read, so what is left out is decided before.
    const unnoted = new Set(this.#unnoted)
    const most = roundSize + unnoted.size
    const found = await database.outcomes(this.#carrier, most, except)
    const finals = found.filter(({ id }) => !unnoted.has(id))
    this.#oldestAt = finals[0]?.at
    this.#tellUnreadable(finals)
    const { ids, owners, failed } = await appendAll(ledger, finals)
    this.#refused.learn(
      owners,
      failed.map(({ owner }) => owner),
    )
    await this.#noteLater(ids)
    const [failure] = failed
    if (failure !== undefined) this.#tellFailed(failure.error, firstPauseMs)
    if (found.length < most && except.length === 0 && failure === undefined) {
      this.#completeAt = startedAt
      this.#oldestAt = undefined
    }
    return ids.length
  }

  /** Begins the note of a round when the note of the one before has ended. */
  async #noteLater(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#unnoted.add(id)
    await this.#noting
    if (this.#unnoted.size > 0) this.#noting = this.#note().catch(() => undefined)
  }

  /** Notes the reports of all customers in one transaction, not one for each. */
  async #note(): Promise<void> {
    const { database, observe } = this.#parts
    const ids = [...this.#unnoted]
    try {
      await database.markReported(ids)
      this.#noteFailure = undefined
    } catch (error) {
      this.#noteFailure = { error }
      throw error
    }
    for (const id of ids) this.#unnoted.delete(id)
    observe({ kind: 'reported', queue: this.#carrier.queue, reports: ids.length })
    this.#tidying ??= this.#tidy().finally(() => {
      this.#tidying = undefined
    })
  }

  /** Moves reported rows away, behind the reports' back: no report waits for it. */
  async #tidy(): Promise<void> {
    try {
      while ((await this.#parts.database.archive(this.#carrier, tidySize)) === tidySize);
    } catch (error) {
      this.#tellFailed(error, firstPauseMs)
    }
  }

  /** Ends what has been begun. @throws what kept the last reports from being noted */
  async finish(): Promise<void> {
    await this.#noting
    await this.#tidying
    if (this.#noteFailure !== undefined) throw this.#noteFailure.error
  }

  /** A round with its note, or the end of what has been begun, whose failure is observed. */
  async tried(work: () => Promise<number>, retryMs: number): Promise<number> {
    try {
      return await work()
    } catch (error) {
      this.#tellFailed(error, retryMs)
      return 0
    }
  }

  #tellFailed(error: unknown, retryMs: number): void {
    this.#parts.observe({ kind: 'failed', queue: this.#carrier.queue, error, retryMs })
  }

  #tellUnreadable(finals: readonly FinishedMessage[]): void {
    for (const { id, unreadable } of finals) {
      if (unreadable !== undefined) this.#parts.observe({ kind: 'unreadable', queue: this.#carrier.queue, id, why: unreadable })
    }
  }
}

/** The pumps of all carriers, for a schedule that makes rounds until there is nothing more. */
export class ReportPump {
  readonly #parts: PumpParts
  readonly #pumps: readonly CarrierPump[]

  constructor(parts: PumpParts) {
    this.#parts = parts
    this.#pumps = parts.carriers.map((carrier) => new CarrierPump(parts, carrier))
  }

  /** One round over all carriers. A carrier that fails does not stop the others. @returns how many reports were written */
  async once(): Promise<number> {
    const once = async (pump: CarrierPump): Promise<number> => {
      const reports = await pump.round()
      await pump.finish()
      return reports
    }
    const written = await Promise.all(this.#pumps.map((pump) => pump.tried(() => once(pump), firstPauseMs)))
    return written.reduce((sum, one) => sum + one, 0)
  }

  /**
   * Says how far behind each carrier's reports are: what the alarm watches. It needs no database, so that it is said
   * when the database is away, too; how many messages are open is added where the database can tell.
   */
  async tellLag(): Promise<void> {
    const now = Date.now()
    const { count, oldestAt } = await this.#parts.database.unreported().catch(() => ({ count: undefined, oldestAt: undefined }))
    for (const pump of this.#pumps) {
      this.#parts.observe({
        kind: 'lag',
        queue: pump.queue,
        lagMs: pump.lagMs(now),
        ...(count !== undefined && { open: count }),
        ...(oldestAt !== undefined && { oldestMs: Math.max(0, now - oldestAt) }),
      })
    }
  }

  /** Carries outcomes until `signal`, each carrier by itself, with pauses that grow while it has none. */
  async run(signal: AbortSignal): Promise<void> {
    const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined)
    const carry = async (pump: CarrierPump): Promise<void> => {
      let pauseMs = firstPauseMs
      while (!signal.aborted) {
        const written = await pump.tried(() => pump.round(), pauseMs)
        pauseMs = written > 0 ? firstPauseMs : Math.min(maxPauseMs, pauseMs * 2)
        if (written < roundSize) await pause(pauseMs)
      }
    }
    const tell = async (): Promise<void> => {
      while (!signal.aborted) {
        await this.tellLag()
        await pause(lagEveryMs)
      }
    }
    await Promise.all([...this.#pumps.map(carry), tell()])
    await Promise.all(this.#pumps.map((pump) => pump.tried(() => pump.finish().then(() => 0), 0)))
  }
}

/** One round over all carriers. @returns how many reports were written */
export function pumpOnce(parts: PumpParts): Promise<number> {
  return new ReportPump(parts).once()
}

/** Carries outcomes into the ledger until stopped. */
export function pumpReports(parts: PumpParts): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const running = new ReportPump(parts).run(stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
