import type { DatabaseSync } from 'node:sqlite'
import { messagePeriodOf, messagePeriods, type StoredMessage } from '../../domain/admission.ts'

export type Messages = ReturnType<typeof messagesOf>

/** Old rows that one clean-up drops: a large one would hold up calls. */
const dropped = 10_000

/** What is stored of messages with keys of their own. Every method runs inside a transaction that its caller holds. */
export function messagesOf(db: DatabaseSync) {
  const find = db.prepare(
    'SELECT reservation FROM messages WHERE customer = ? AND environment = ? AND id = ? AND (reservation IS NOT NULL OR period BETWEEN ? AND ?)',
  )
  const put = db.prepare(
    'INSERT OR REPLACE INTO messages (customer, environment, id, period, reservation) VALUES (?, ?, ?, ?, ?)',
  )
  const ofReservation = db.prepare('SELECT id FROM messages WHERE reservation = ? AND customer = ? AND environment = ?')
  const acceptOne = db.prepare(
    'UPDATE messages SET reservation = NULL WHERE customer = ? AND environment = ? AND id = ? AND reservation = ?',
  )
  const remove = db.prepare('DELETE FROM messages WHERE customer = ? AND environment = ? AND id = ? AND reservation = ?')
  const accept = db.prepare('UPDATE messages SET reservation = NULL WHERE reservation = ? AND customer = ? AND environment = ?')
  const drop = db.prepare(
    `DELETE FROM messages WHERE (customer, environment, id) IN
       (SELECT customer, environment, id FROM messages WHERE period < ? AND reservation IS NULL LIMIT ${dropped})`,
  )

  return {
    read(customer: string, environment: string, ids: readonly string[], now: number): (StoredMessage | undefined)[] {
      const period = messagePeriodOf(now)
      return ids.map((id) => {
        const row = find.get(customer, environment, id, period - messagePeriods, period)
        if (row === undefined) return undefined
        return row.reservation === null ? 'accepted' : { reservation: String(row.reservation) }
      })
    },

    take(customer: string, environment: string, ids: readonly string[], reservation: string, now: number): void {
      for (const id of ids) put.run(customer, environment, id, messagePeriodOf(now), reservation)
    },

    /** The ids that an open reservation has, sorted. */
    of(customer: string, environment: string, reservation: string): string[] {
      return ofReservation.all(reservation, customer, environment).map(({ id }) => String(id))
    },

    /** A reservation ended: `released` are new again, the others were accepted. */
    ended(customer: string, environment: string, reservation: string, released: readonly string[]): void {
      for (const id of released) remove.run(customer, environment, id, reservation)
      accept.run(reservation, customer, environment)
    },

    /** One message of an open reservation is known from now on. */
    accept(customer: string, environment: string, reservation: string, id: string): void {
      acceptOne.run(customer, environment, id, reservation)
    },

    sweep(now: number): void {
      drop.run(messagePeriodOf(now) - messagePeriods)
    },
  }
}
