import type { Carrier } from '../../domain/carrier.ts'
import type { Database, Ledger, Queue } from '../ports/index.ts'
import type { Observe } from './events.ts'

export interface ConsumeOptions {
  readonly queue: Queue
  readonly database: Database
  /** The queue to read and the table to write. */
  readonly carrier: Carrier
  /** Records that a message is with its carrier. */
  readonly ledger?: Ledger | undefined
  /** Long poll, 0 to 20 seconds. 20 costs least. */
  readonly waitSeconds?: number
  /** The longest pause between two polls of an empty queue. */
  readonly idleMaxMs?: number
  /** Concurrent receivers while the queue is full; an idle queue has one. */
  readonly receivers?: number
  /** Concurrent transactions. */
  readonly flushes?: number
  /** The maximum number of rows per transaction. */
  readonly flushRows?: number
  /** How long messages are kept during a database outage before they go back to the queue, in milliseconds. */
  readonly releaseAfterMs?: number
  /** How long a table that refuses many rows is given to accept a trial row before the rows are considered bad. */
  readonly patienceMs?: number
  readonly observe?: Observe
}

export type ConsumeSettings = Required<Omit<ConsumeOptions, 'ledger'>>

export function settingsFrom(options: Omit<ConsumeOptions, 'ledger'>): ConsumeSettings {
  const polling = { waitSeconds: 20, idleMaxMs: 20_000, receivers: 4 }
  const writing = { flushes: 2, flushRows: 1000, releaseAfterMs: 120_000, patienceMs: 3_600_000 }
  return { ...polling, ...writing, observe: () => undefined, ...options }
}
