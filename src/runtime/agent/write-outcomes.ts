import type { ObserveAgent } from './events.ts'
import type { Journal, JournalRow } from './journal.ts'
import type { RowChange } from './statements.ts'
import type { CustomerTable } from './table.ts'

const rowsPerWrite = 500

function changeOf({ key, messageKey, state, code, at, id }: JournalRow): RowChange | undefined {
  if (state === 'claiming' || state === 'sending') return undefined
  return {
    key,
    messageKey,
    to: state,
    ...(code !== undefined && { code }),
    ...(at !== undefined && { at }),
    ...(id !== undefined && { id }),
  }
}

/**
 * Writes the outcomes that the journal holds into the customer's table. A row that is gone, or that is another message by now,
 * has nothing to be written: the customer deleted or moved it.
 * An outcome that the database refuses stays in the journal and is tried again later.
 * @returns how many outcomes found no row
 * @throws Problem `database-unavailable`: the journal keeps them
 */
export async function writeOutcomes(table: CustomerTable, journal: Journal, observe: ObserveAgent): Promise<number> {
  let missing = 0
  for (;;) {
    const rows = journal.unwritten(table.target, rowsPerWrite)
    if (rows.length === 0) return missing
    const { results, refused, why = '' } = await table.apply(rows.flatMap((row) => changeOf(row) ?? []))
    missing += results.length
    const late = new Set(refused.map(({ key, messageKey }) => `${key} ${messageKey}`))
    const isLate = ({ key, messageKey }: JournalRow): boolean => late.has(`${key} ${messageKey}`)
    if (refused.length > 0) observe({ kind: 'refused', table: table.name, rows: refused.length, why })
    for (const { state, code } of rows) {
      if (state === 'failed' && code !== undefined && !table.isMapped(code))
        observe({ kind: 'unmapped', table: table.name, code })
    }
    journal.park(rows.filter(isLate))
    journal.written(rows.filter((row) => !isLate(row)))
  }
}
