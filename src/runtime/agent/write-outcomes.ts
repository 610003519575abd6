import { apart } from './apart.ts'
import type { ObserveAgent } from './events.ts'
import type { Journal, JournalRow } from './journal.ts'
import type { RowChange } from './statements.ts'
import type { CustomerTable } from './table.ts'

const rowsPerWrite = 500

export interface WritingParts {
  readonly table: CustomerTable
  readonly journal: Journal
  readonly observe: ObserveAgent
  /** The name of this agent in claims. */
  readonly agent: string
}

function changeOf({ key, messageKey, state, code, at, id }: JournalRow, agent: string): RowChange | undefined {
  if (state === 'claiming' || state === 'sending') return undefined
  // What the gateway accepted holds for any agent. Anything else is for who holds the row to say: while this agent was
  // suspended, another may have taken the row over and sent it.
  const isOwn = id === undefined && (state === 'ready' || state === 'failed' || state === 'expired')
  return {
    key,
    messageKey,
    to: state,
    ...(code !== undefined && { code }),
    ...(at !== undefined && { at }),
    ...(id !== undefined && { id }),
    ...(isOwn && { claimedBy: agent }),
  }
}

/** One at a time for each table: an older outcome must not be written after a newer one. */
const turns = new WeakMap<Journal, Map<string, Promise<unknown>>>()

/**
 * Writes the outcomes that the journal holds into the customer's table. A row that is gone, or that is another message by now,
 * has nothing to be written: the customer deleted or moved it. A row that the database refuses to change is set aside.
 * @returns how many outcomes found no row
 * @throws Problem `database-unavailable`: the journal keeps them
 */
export function writeOutcomes(parts: WritingParts): Promise<number> {
  const { journal, table } = parts
  const ofJournal = turns.get(journal) ?? new Map<string, Promise<unknown>>()
  turns.set(journal, ofJournal)
  const turn = (ofJournal.get(table.target) ?? Promise.resolve()).then(() => write(parts))
  ofJournal.set(
    table.target,
    turn.catch(() => undefined),
  )
  return turn
}

async function write({ table, journal, observe, agent }: WritingParts): Promise<number> {
  let missing = 0
  for (;;) {
    const rows = journal.unwritten(table.target, rowsPerWrite)
    if (rows.length === 0) return missing
    const refused = await apart(rows, async (some) => {
      missing += (await table.apply(some.flatMap((row) => changeOf(row, agent) ?? []))).length
      journal.written(some)
    })
    for (const { state, code } of rows) {
      if (state === 'failed' && code !== undefined && !table.isMapped(code))
        observe({ kind: 'unmapped', table: table.name, code })
    }
    journal.refused(refused.map(({ item }) => item))
    const [first] = refused
    if (first !== undefined) observe({ kind: 'refused', table: table.name, rows: refused.length, why: first.why })
  }
}
