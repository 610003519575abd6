import type { DatabaseSync } from 'node:sqlite'
import { messagePeriodOf, messagePeriods, type OpenReservation, type StoredMessage, weightsOf } from '../../domain/admission.ts'
import { kindAt, kindsOf, unknownKind } from '../../domain/usage.ts'

export type Messages = ReturnType<typeof messagesOf>

/** Old rows that one clean-up drops: a large one would hold up calls. */
const dropped = 10_000

/** What is stored of messages with keys of their own. Every method runs inside a transaction that its caller holds. */
export function messagesOf(db: DatabaseSync) {
  const find = db.prepare(
    'SELECT reservation FROM messages WHERE customer = ? AND environment = ? AND id = ? AND (reservation IS NOT NULL OR period BETWEEN ? AND ?)',
  )
  const put = db.prepare(
    'INSERT OR REPLACE INTO messages (customer, environment, id, period, reservation, units, kind) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const ofReservation = db.prepare(
    'SELECT id, units, kind FROM messages WHERE reservation = ? AND customer = ? AND environment = ? ORDER BY id',
  )
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

    take(customer: string, environment: string, open: OpenReservation, now: number): void {
      const { id: reservation, ids = [], weights, kinds } = open
      const period = messagePeriodOf(now)
      for (const [at, id] of ids.entries()) {
        const kind = kinds === undefined ? null : kindAt(open, at)
        put.run(customer, environment, id, period, reservation, weights?.[at] ?? 1, kind)
      }
    },

    /** The messages that an open reservation has, in the order of their ids; nothing: they have no keys of their own. */
    of(customer: string, environment: string, reservation: string): Pick<OpenReservation, 'ids' | 'weights' | 'kinds'> {
      const rows = ofReservation.all(reservation, customer, environment)
      if (rows.length === 0) return {}
      const isKnown = rows.some(({ kind }) => kind !== null)
      return {
        ids: rows.map(({ id }) => String(id)),
        ...weightsOf(rows.map(({ units }) => Number(units))),
        ...kindsOf(isKnown ? rows.map(({ kind }) => (kind === null ? unknownKind : String(kind))) : undefined),
      }
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
