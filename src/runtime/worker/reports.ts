import { setTimeout as sleep } from 'node:timers/promises'
import type { Carrier } from '../../domain/carrier.ts'
import type { Report } from '../../domain/report.ts'
import type { Database, Final, Ledger } from '../ports/index.ts'
import type { Observe } from './events.ts'

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

function reportOf({ id, ref, outcome, code, at }: Final): Report {
  return { id, status: outcome, at, ...(ref !== undefined && { ref }), ...(code !== undefined && { code }) }
}

/** Appends one customer after the other, several at once. @returns what was written, and an error where some was not */
async function appendAll(ledger: Ledger, finals: readonly Final[]): Promise<{ ids: string[]; failure?: unknown }> {
  const owned = Map.groupBy(finals, ({ customer, environment }) => JSON.stringify([customer, environment])).values()
  const done: { ids: string[]; failure?: unknown } = { ids: [] }
  // All take from one iterator, so each customer is written by one of them.
  const writer = async (): Promise<void> => {
    for (const some of owned) {
      const [first] = some
      if (first === undefined) continue
      try {
        await ledger.append({ customer: first.customer, environment: first.environment }, some.map(reportOf))
        done.ids.push(...some.map(({ id }) => id))
      } catch (error) {
        // One customer's trouble is not the others'.
        done.failure = error
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
  /** When the last round began that carried everything there was. */
  #completeAt = Date.now()
  /** The oldest outcome that the last round found, where it did not carry everything. */
  #oldestAt: number | undefined
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

  /** @returns how many reports were written */
  async round(): Promise<number> {
    const { database, ledger, observe } = this.#parts
    const startedAt = Date.now()
    const finals = await database.finals(this.#carrier, roundSize)
    this.#oldestAt = finals[0]?.at
    for (const { id, unreadable } of finals) {
      if (unreadable !== undefined) observe({ kind: 'unreadable', queue: this.#carrier.queue, id, why: unreadable })
    }
    const { ids, failure } = await appendAll(ledger, finals)
    // One transaction for all customers of a round, not one for each.
    if (ids.length > 0) {
      await database.reported(ids)
      observe({ kind: 'reported', queue: this.#carrier.queue, reports: ids.length })
      this.#tidying ??= this.#tidy().finally(() => {
        this.#tidying = undefined
      })
    }
    if (failure !== undefined) throw failure
    if (finals.length < roundSize) {
      this.#completeAt = startedAt
      this.#oldestAt = undefined
    }
    return ids.length
  }

  /** Moves reported rows away, behind the reports' back: no report waits for it. */
  async #tidy(): Promise<void> {
    const { database, observe } = this.#parts
    try {
      while ((await database.archive(this.#carrier, tidySize)) === tidySize);
    } catch (error) {
      observe({ kind: 'failed', queue: this.#carrier.queue, error, retryMs: firstPauseMs })
    }
  }

  /** Ends what has been begun. */
  async tidied(): Promise<void> {
    await this.#tidying
  }

  /** A round whose failure is observed. */
  async tryRound(retryMs: number): Promise<number> {
    try {
      return await this.round()
    } catch (error) {
      this.#parts.observe({ kind: 'failed', queue: this.#carrier.queue, error, retryMs })
      return 0
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
    const written = await Promise.all(this.#pumps.map((pump) => pump.tryRound(firstPauseMs)))
    await Promise.all(this.#pumps.map((pump) => pump.tidied()))
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
        const written = await pump.tryRound(pauseMs)
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
    await Promise.all(this.#pumps.map((pump) => pump.tidied()))
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
