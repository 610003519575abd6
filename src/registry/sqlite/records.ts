import type { DatabaseSync } from 'node:sqlite'
import { type IdempotencyRecord, idempotencyMs } from '../../domain/admission.ts'
import { idempotencyRecordFrom } from '../stored.ts'

export type Records = ReturnType<typeof recordsOf>

/** What is stored of calls with an Idempotency-Key. Every method runs inside a transaction that its caller holds. */
export function recordsOf(db: DatabaseSync) {
  const find = db.prepare('SELECT record FROM idempotency WHERE customer = ? AND environment = ? AND key = ? AND expires_at > ?')
  const put = db.prepare(
    'INSERT OR REPLACE INTO idempotency (customer, environment, key, record, expires_at) VALUES (?, ?, ?, ?, ?)',
  )
  const remove = db.prepare('DELETE FROM idempotency WHERE customer = ? AND environment = ? AND key = ?')

  return {
    read(customer: string, environment: string, key: string, now: number): IdempotencyRecord | undefined {
      const row = find.get(customer, environment, key, now)
      return row === undefined ? undefined : idempotencyRecordFrom(String(row.record))
    },

    write(customer: string, environment: string, key: string, record: IdempotencyRecord, now: number): void {
      put.run(customer, environment, key, JSON.stringify(record), now + idempotencyMs)
    },

    drop(customer: string, environment: string, key: string): void {
      remove.run(customer, environment, key)
    },
  }
}
