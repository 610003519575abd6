import { stringify } from 'csv-stringify/sync'
import type { Ledger, Owner, Suppression } from '../../runtime/ports/index.ts'
import { escapedFormula } from './formulas.ts'
import { columns } from './read-csv.ts'

const pageSize = 500

function rowsOf(page: readonly Suppression[]): string[][] {
  return page.map(({ number, at, source = '', note = '' }) => [
    number,
    new Date(at).toISOString(),
    escapedFormula(source),
    escapedFormula(note),
  ])
}

/**
 * All opt-outs as CSV, a page at a time, as an import reads them. The byte order mark makes spreadsheets read UTF-8.
 * @returns the text of each page, and how many opt-outs it has
 */
export async function* exportSuppressions(
  ledger: Pick<Ledger, 'suppressions'>,
  owner: Owner,
): AsyncGenerator<{ readonly text: string; readonly count: number }> {
  const options = { record_delimiter: 'windows' } as const
  yield { text: stringify([[...columns]], { ...options, bom: true }), count: 0 }
  let cursor: string | undefined
  do {
    const page = await ledger.suppressions(owner, cursor, pageSize)
    yield { text: stringify(rowsOf(page.suppressions), options), count: page.suppressions.length }
    cursor = page.cursor
  } while (cursor !== undefined)
}
