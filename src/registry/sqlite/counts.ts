import type { DatabaseSync } from 'node:sqlite'
import { type Counts, countsKeptMs, type HourCounts, rollable, rolledCounts } from '../../domain/usage.ts'

export type Counters = ReturnType<typeof countersOf>

/** Old counters that one clean-up drops. */
const dropped = 10_000

/** Counters by hour. `add` and `sweep` run inside a transaction that their caller holds. */
export function countersOf(db: DatabaseSync) {
  const put = db.prepare(
    `INSERT INTO counts (customer, environment, hour, name, value) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = value + excluded.value`,
  )
  const find = db.prepare(
    `SELECT hour, name, value FROM counts WHERE customer = ? AND environment = ? AND hour >= ? AND hour < ? ORDER BY hour, name`,
  )
  const findCursor = db.prepare('SELECT cursor FROM reports_counted WHERE customer = ? AND environment = ?')
  const putCursor = db.prepare('INSERT OR REPLACE INTO reports_counted (customer, environment, cursor) VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM counts WHERE customer = ? AND environment = ? AND hour = ?')
  const drop = db.prepare(
    `DELETE FROM counts WHERE (customer, environment, hour, name) IN
       (SELECT customer, environment, hour, name FROM counts WHERE hour < ? LIMIT ${dropped})`,
  )

  return {
    add(customer: string, environment: string, counted: HourCounts | undefined): void {
      if (counted === undefined) return
      for (const [name, by] of Object.entries(counted.counts)) put.run(customer, environment, counted.hour, name, by)
    },

    between(customer: string, environment: string, from: number, until: number): HourCounts[] {
      const hours = new Map<number, Record<string, number>>()
      for (const { hour, name, value } of find.iterate(customer, environment, from, until)) {
        const counts = hours.get(Number(hour)) ?? {}
        counts[String(name)] = Number(value)
        hours.set(Number(hour), counts)
      }
      return [...hours].map(([hour, counts]: [number, Counts]) => ({ hour, counts }))
    },

    roll(customer: string, environment: string, day: { readonly start: number; readonly end: number }): void {
      const hours = rollable(this.between(customer, environment, day.start, day.end), day)
      if (hours.length === 0) return
      this.add(customer, environment, { hour: day.start, counts: rolledCounts(hours) })
      for (const { hour } of hours) remove.run(customer, environment, hour)
    },

    reported(customer: string, environment: string): string | undefined {
      const row = findCursor.get(customer, environment)
      return row === undefined ? undefined : String(row.cursor)
    },

    report(customer: string, environment: string, cursor: string): void {
      putCursor.run(customer, environment, cursor)
    },

    sweep(now: number): void {
      drop.run(now - countsKeptMs)
    },
  }
}
