import * as z from 'zod'
import { messageTypes } from './message.ts'
import { columnValue, identifier } from './sql-names.ts'
import type { TableMap } from './table-map.ts'
import { valuesFor } from './table-rules.ts'

const constants = z.record(identifier, columnValue)

/**
 * What a table map does not say, because it was written for a reader of the table: how the worker makes new rows. The carrier's
 * own agent then reads them.
 */
export const writing = z.strictObject({
  /** The column that takes the message's id, by which its result is found. Default: the map's `id`. */
  reference: identifier.optional(),
  /** How many characters of the id it takes, where it is too short for all 26. Fewer than 16 could be the same for two messages. */
  referenceLength: z.int().min(16).max(25).optional(),
  /** The database's sequence that numbers the rows; absent: the database fills in the key. */
  sequence: identifier.optional(),
  /** Written into every row. */
  constants: constants.optional(),
  /** The table's value for each type of message, where the map lists several for one. */
  types: z.partialRecord(z.enum(messageTypes), columnValue).optional(),
  /** A column for the purpose of the message: `normal`, `auth` or `ad`. */
  purpose: identifier.optional(),
  /** A column for the code by which the sender is identified, such as `KISA_ORIGCODE`. */
  originCode: identifier.optional(),
  /** How numbers are written. */
  phone: z.enum(['e164', 'national']).default('national'),
  /** The rows of the second table. */
  detail: z
    .strictObject({
      sequence: identifier.optional(),
      constants: constants.optional(),
      /** A column for the number of images. */
      count: identifier.optional(),
      /** Columns that say what kind of file each image is, in the order of the columns of the names. */
      fileTypes: z.strictObject({ columns: z.array(identifier).min(1), value: columnValue }).optional(),
    })
    .optional(),
})
export type Writing = z.infer<typeof writing>

/** A carrier's table that a map describes. */
export interface MappedTable {
  readonly map: TableMap
  readonly write: Writing
}

/** What is missing for the worker to write into the table. @returns the field and what is wrong with it */
export function mappingFault({
  map,
  write,
}: MappedTable): { readonly field: readonly string[]; readonly message: string } | undefined {
  if (map.recipients !== undefined) {
    return { field: ['map'], message: 'has many recipients in one row, and the worker writes one row for each message' }
  }
  if (map.charset !== undefined) {
    return {
      field: ['map'],
      message: `has the charset ${map.charset}, which is read only: convert the columns to a charset that the database knows`,
    }
  }
  if ((write.reference ?? map.id) === undefined) {
    return { field: ['write', 'reference'], message: 'is missing: name a column for the id of the message' }
  }
  for (const type of messageTypes) {
    const values = valuesFor(map, type)
    if (map.columns.type === undefined || write.types?.[type] !== undefined || values.length < 2) continue
    const message = `lacks ${type}: the map has several values for it (${values.join(', ')}), so say which is written`
    return { field: ['write', 'types'], message }
  }
  if (map.detail?.order !== undefined && write.detail?.sequence === undefined) {
    return { field: ['write', 'detail', 'sequence'], message: `is missing: it numbers the rows of ${map.detail.table}` }
  }
  return undefined
}
