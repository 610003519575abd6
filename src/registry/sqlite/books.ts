import type { DatabaseSync } from 'node:sqlite'
import { noUsage, type OpenReservation, type Usage } from '../../domain/admission.ts'
import type { Messages } from './messages.ts'

export type Books = ReturnType<typeof booksOf>

export const usageColumns = [
  'tat',
  'day',
  'day_used',
  'day_back',
  'day_since',
  'day_end',
  'month',
  'month_used',
  'month_back',
  'month_since',
  'month_end',
  'zone',
  'reconcile_at',
] as const

/** @param row of `usageColumns`; its columns are null where a join found none */
export function usageOf(row: Record<string, unknown> | undefined): Usage {
  if (row === undefined || row.day === null) return noUsage
  return {
    tat: Number(row.tat),
    day: String(row.day),
    dayUsed: Number(row.day_used),
    dayBack: Number(row.day_back),
    daySince: Number(row.day_since),
    dayEnd: Number(row.day_end),
    month: String(row.month),
    monthUsed: Number(row.month_used),
    monthBack: Number(row.month_back),
    monthSince: Number(row.month_since),
    monthEnd: Number(row.month_end),
    zone: String(row.zone),
    reconcileAt: Number(row.reconcile_at),
  }
}

function openFrom(row: Record<string, unknown>, ofMessages: Pick<OpenReservation, 'ids' | 'weights' | 'kinds'>): OpenReservation {
  const { claim, fingerprint, trace } = row
  return {
    id: String(row.reservation),
    units: Number(row.units),
    rateCost: Number(row.rate_cost),
    admittedAt: Number(row.admitted_at),
    ...(claim !== null && { idempotency: { key: String(claim), fingerprint: String(fingerprint) } }),
    ...(trace !== null && { trace: String(trace) }),
    ...ofMessages,
  }
}

/** What was spent, and what is not settled yet. Every method runs inside a transaction that its caller holds. */
export function booksOf(db: DatabaseSync, messages: Messages) {
  const findUsage = db.prepare(`SELECT ${usageColumns.join(', ')} FROM usage WHERE customer = ? AND environment = ?`)
  const putUsage = db.prepare(
    `INSERT OR REPLACE INTO usage (customer, environment, ${usageColumns.join(', ')})
     VALUES (?, ?, ${usageColumns.map(() => '?').join(', ')})`,
  )
  const findOpen = db.prepare('SELECT * FROM open_reservations WHERE customer = ? AND environment = ? AND reservation = ?')
  const findAll = db.prepare('SELECT * FROM open_reservations WHERE customer = ? AND environment = ?')
  const putOpen = db.prepare(
    `INSERT OR REPLACE INTO open_reservations
       (customer, environment, reservation, units, rate_cost, admitted_at, claim, fingerprint, trace)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const removeOpen = db.prepare('DELETE FROM open_reservations WHERE customer = ? AND environment = ? AND reservation = ?')

  function usage(customer: string, environment: string): Usage {
    return usageOf(findUsage.get(customer, environment))
  }

  function writeUsage(customer: string, environment: string, { tat, day, month, zone, ...of }: Usage): void {
    const inDay = [day, of.dayUsed, of.dayBack, of.daySince, of.dayEnd]
    const inMonth = [month, of.monthUsed, of.monthBack, of.monthSince, of.monthEnd]
    putUsage.run(customer, environment, tat, ...inDay, ...inMonth, zone, of.reconcileAt)
  }

  return {
    usage,
    writeUsage,

    open(customer: string, environment: string, one: OpenReservation): void {
      const { idempotency: claim } = one
      const identity = [claim?.key ?? null, claim?.fingerprint ?? null, one.trace ?? null]
      putOpen.run(customer, environment, one.id, one.units, one.rateCost, one.admittedAt, ...identity)
    },

    find(customer: string, environment: string, id: string): OpenReservation | undefined {
      const row = findOpen.get(customer, environment, id)
      return row === undefined ? undefined : openFrom(row, messages.of(customer, environment, id))
    },

    all(customer: string, environment: string): OpenReservation[] {
      return findAll
        .all(customer, environment)
        .map((row) => openFrom(row, messages.of(customer, environment, String(row.reservation))))
    },

    close(customer: string, environment: string, id: string): void {
      removeOpen.run(customer, environment, id)
    },
  }
}
