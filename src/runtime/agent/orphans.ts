import type { Journal } from './journal.ts'
import { type Monotonic, monotonic } from './pauses.ts'
import type { TableRow } from './rows.ts'
import type { CustomerTable } from './table.ts'

/** A claim of this age that has no call is abandoned: its agent crashed, or lost its disk. Longer than a call may take. */
export const leaseMs = 45_000
/** Claimed rows that one search looks at. */
const maxRows = 5_000

/**
 * Finds rows that are claimed and have no call in this journal. They are sent with the same message key as before, so the gateway
 * recognises those that it has accepted, and taking over too early does no harm.
 */
export class Orphans {
  readonly #table: CustomerTable
  readonly #journal: Journal
  readonly #leaseMs: number
  readonly #now: Monotonic
  /** When each was seen first with this claim, by message key: the claim column may say nothing, or be of a clock that was wrong. */
  readonly #firstSeen = new Map<string, { readonly claim: string | undefined; readonly at: number }>()

  constructor(table: CustomerTable, journal: Journal, lease: number = leaseMs, now: Monotonic = monotonic) {
    this.#table = table
    this.#journal = journal
    this.#leaseMs = lease
    this.#now = now
  }

  /** Rows whose claim is older than the lease, by message key. */
  async find(): Promise<ReadonlyMap<string, TableRow>> {
    const table = this.#table
    const rows = await table.read(await table.claimedKeys(maxRows), [table.map.status.claimed])
    const byKey = new Map(rows.map((row) => [table.messageKeyOf(row), row]))
    for (const known of this.#journal.known(table.target, [...byKey.keys()]).keys()) byKey.delete(known)
    for (const key of this.#firstSeen.keys()) if (!byKey.has(key)) this.#firstSeen.delete(key)
    for (const [key, row] of byKey) if (!this.#isAbandoned(key, row)) byKey.delete(key)
    return byKey
  }

  #isAbandoned(key: string, row: TableRow): boolean {
    const now = this.#now()
    const seen = this.#firstSeen.get(key)
    const first = seen?.claim === row.claim && seen !== undefined ? seen : { claim: row.claim, at: now }
    this.#firstSeen.set(key, first)
    const claimedAt = this.#table.claimOf(row)?.at
    if (now - first.at >= this.#leaseMs) return true
    return claimedAt !== undefined && this.#table.now() - claimedAt >= this.#leaseMs
  }
}
