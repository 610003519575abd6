import type { Carrier } from '../../domain/carrier.ts'
import { withoutContents } from '../../domain/masked.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Database, Refusal, type Row } from '../ports/index.ts'

/** The result of writing rows. */
export interface Written {
  readonly written: number
  /** Rows that were in the database already. */
  readonly repeated: number
  /** Rows that the carrier's table does not take while it takes others, noted as rejected. */
  readonly rejected: readonly { readonly row: Row; readonly why: string }[]
}

interface RefusedRow {
  readonly row: Row
  readonly why: string
}

/** What is needed of a database. */
type RowStore = Pick<Database, 'flush' | 'reject' | 'acceptsRow' | 'answers'>

/** So many rows refused one by one, and none taken: the table's fault, whatever a trial row says. */
export const manyRefused = 20
/** How often a statement may end its connection, with the database answering in between, before its rows are suspected. */
const lostTries = 3

/**
 * Writes rows, in one transaction where all of them are good. Where the database refuses, halves are tried until the bad rows
 * stand alone.
 *
 * Whose fault a refusal is, no SQL state says: a trigger may raise any. So a row is rejected only if it is refused alone
 * between two moments at which the table took another row; the others stay in the queue. A refusal may also be a connection
 * that ends each time the same rows are written, while new ones answer (`max_allowed_packet`).
 *
 * @param patient false: a table that took no row for long but takes a trial row is believed
 * @throws Problem `database-unavailable`: what is written is written, and all may be written again
 * @throws Problem `table-refuses`: the table took no row at all
 */
export async function writeRows(database: RowStore, carrier: Carrier, rows: readonly Row[], patient = true): Promise<Written> {
  const first = await attempt(database, carrier, rows)
  if (typeof first === 'number') return { written: first, repeated: rows.length - first, rejected: [] }
  const { written, repeated, alone } = await halve(database, carrier, rows, first, patient)
  const rejected = await rejectConfirmed(database, carrier, alone, written)
  return {
    written: written + rejected.late,
    repeated: repeated + rejected.repeated,
    rejected: rejected.rows,
  }
}

/** @returns how many rows were new, or why they were refused together */
async function attempt(database: RowStore, carrier: Carrier, rows: readonly Row[]): Promise<number | string> {
  for (let lost = 1; ; lost++) {
    try {
      return await database.flush(carrier, rows)
    } catch (error) {
      if (error instanceof Refusal) return withoutContents(error.message, rows.length === 1 ? rows.flatMap(contentsOf) : [])
      const isAway = !(error instanceof Problem) || error.code !== 'database-unavailable' || !(await database.answers())
      if (isAway) throw error
      if (lost >= lostTries) return error.message
    }
  }
}

/** What of a message must not be in a log. */
function contentsOf({ message: { to, text, subject, alimtalk } }: Row): string[] {
  const { fallback, buttons = [] } = alimtalk ?? {}
  const more = buttons.map((button) => JSON.stringify(button))
  return [to, text, subject, fallback?.text, fallback?.subject, ...more].filter((part) => part !== undefined)
}

function halvesOf(rows: readonly Row[]): (readonly Row[])[] {
  const middle = Math.ceil(rows.length / 2)
  return [rows.slice(0, middle), rows.slice(middle)].filter((half) => half.length > 0)
}

/** Large parts first: what is good is in before single rows are looked at. */
async function halve(database: RowStore, carrier: Carrier, rows: readonly Row[], why: string, patient: boolean) {
  const alone: RefusedRow[] = []
  const parts: (readonly Row[])[] = [rows]
  let [written, repeated] = [0, 0]
  let refused: string | undefined = why
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const result: number | string = refused ?? (await attempt(database, carrier, part))
    refused = undefined
    const [row] = part
    if (typeof result === 'number') {
      written += result
      repeated += part.length - result
    } else if (part.length === 1 && row !== undefined) alone.push({ row, why: result })
    else parts.push(...halvesOf(part))
    if (patient && written === 0 && alone.length >= manyRefused) throw refuses(carrier, alone[0]?.why ?? why)
  }
  return { written, repeated, alone }
}

/** Rejects rows that are refused once more, alone, between two signs that the table takes others. */
async function rejectConfirmed(database: RowStore, carrier: Carrier, alone: readonly RefusedRow[], written: number) {
  const rows: RefusedRow[] = []
  let [late, repeated] = [0, 0]
  const [first] = alone
  if (first === undefined) return { rows, late, repeated }
  if (!(await takesRows(database, carrier, written))) throw refuses(carrier, first.why)
  for (const { row } of alone) {
    const result = await attempt(database, carrier, [row])
    if (typeof result === 'string') rows.push({ row, why: result })
    else if (result === 1) late += 1
    else repeated += 1
  }
  if (rows.length > 0 && !(await takesRows(database, carrier, written + late))) throw refuses(carrier, first.why)
  for (const { row, why } of rows) await database.reject(carrier, row, why)
  return { rows, late, repeated }
}

/** A table that cannot roll back is not tried: there, only rows that were written count. */
async function takesRows(database: RowStore, carrier: Carrier, written: number): Promise<boolean> {
  const takes = await database.acceptsRow(carrier, written > 0)
  return takes === true || (takes === undefined && written > 0)
}

function refuses({ table, queue }: Carrier, why: string): Problem {
  const detail = `The table ${table} takes no row, so the queue "${queue}" waits: ${why.replace(/\.$/, '')}.`
  return new Problem('table-refuses', detail, { next: apigw('schema status') })
}
