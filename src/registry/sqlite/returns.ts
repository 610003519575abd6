import type { DatabaseSync } from 'node:sqlite'
import type { Repayment } from '../../domain/admission.ts'
import { type ReturnedMessage, releasedMs, returnedOf } from '../../domain/settling.ts'

export type Returns = ReturnType<typeof returnsOf>

/** Messages whose units were given back. Every method runs inside a transaction that its caller holds. */
export function returnsOf(db: DatabaseSync) {
  const findReturned = db.prepare(
    'SELECT units, returned_at, expires_at FROM returned WHERE customer = ? AND environment = ? AND id = ? AND expires_at > ?',
  )
  const putReturned = db.prepare(
    'INSERT OR REPLACE INTO returned (customer, environment, id, units, returned_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const findReleased = db.prepare(
    'SELECT claim FROM released WHERE customer = ? AND environment = ? AND id = ? AND expires_at > ?',
  )
  const putReleased = db.prepare(
    'INSERT OR REPLACE INTO released (customer, environment, id, claim, expires_at) VALUES (?, ?, ?, ?, ?)',
  )
  const drops = ['returned', 'released'].map((table) =>
    db.prepare(
      `DELETE FROM ${table} WHERE (customer, environment, id) IN
         (SELECT customer, environment, id FROM ${table} WHERE expires_at <= ? LIMIT 1000)`,
    ),
  )

  return {
    /** What is remembered of the messages whose units were given back. */
    of(customer: string, environment: string, ids: readonly string[], now: number): ReturnedMessage[] {
      return ids.flatMap((id) => {
        const row = findReturned.get(customer, environment, id, now)
        if (row === undefined) return []
        return { id, units: Number(row.units), at: Number(row.returned_at), until: Number(row.expires_at) }
      })
    },

    returned(repayment: Repayment, now: number): void {
      const { customer, environment, id } = repayment
      const { units, at, until } = returnedOf(repayment, now)
      putReturned.run(customer, environment, id, units, at, until)
    },

    /**
     * Whether a settlement gave the units back.
     * @param isTaken whether the call with this Idempotency-Key was made again: it then took the units of its messages again
     */
    isReleased({ customer, environment, id }: Repayment, now: number, isTaken: (key: string) => boolean): boolean {
      const row = findReleased.get(customer, environment, id, now)
      return row !== undefined && (row.claim === null || !isTaken(String(row.claim)))
    },

    /** @param claim the Idempotency-Key that a call with the same messages may be made with; absent: there is none */
    released(customer: string, environment: string, ids: readonly string[], claim: string | undefined, now: number): void {
      for (const id of ids) putReleased.run(customer, environment, id, claim ?? null, now + releasedMs)
    },

    sweep(now: number): void {
      for (const statement of drops) statement.run(now)
    },
  }
}
