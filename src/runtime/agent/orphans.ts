import type { Journal } from './journal.ts'
import type { TableRow } from './rows.ts'
import type { CustomerTable } from './table.ts'

/** A claim of this age that has no call is abandoned: its agent crashed, or lost its disk. */
export const leaseMs = 60_000
/** Claimed rows that one search looks at. */
const maxRows = 5_000

/**
 * Finds rows that are claimed and have no call in this journal. They are sent with the same message key as before, so the gateway
 * recognises those that it has accepted, and taking over too early does no harm.
 */
export class Orphans {
  readonly #table: CustomerTable
  readonly #journal: Journal
  /** When each was seen first, by message key: the claim column may say nothing. */
  readonly #firstSeen = new Map<string, number>()

  constructor(table: CustomerTable, journal: Journal) {
    this.#table = table
    this.#journal = journal
  }

  /** Rows whose claim is older than the lease, by message key. */
  async find(): Promise<ReadonlyMap<string, TableRow>> {
    const table = this.#table
    const now = table.now()
    const rows = await table.read(await table.claimedKeys(maxRows), [table.map.status.claimed])
    const byKey = new Map(rows.map((row) => [table.messageKeyOf(row), row]))
    for (const known of this.#journal.known(table.target, [...byKey.keys()]).keys()) byKey.delete(known)
    for (const key of this.#firstSeen.keys()) if (!byKey.has(key)) this.#firstSeen.delete(key)
    for (const [key, row] of byKey) {
      const firstSeen = this.#firstSeen.get(key) ?? now
      this.#firstSeen.set(key, firstSeen)
      if (now - (table.claimOf(row)?.at ?? firstSeen) < leaseMs) byKey.delete(key)
    }
    return byKey
  }
}
