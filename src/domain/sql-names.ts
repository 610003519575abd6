import * as z from 'zod'

/** Names become part of SQL statements, so only plain identifiers are allowed. */
export const identifier = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_]{0,62}$/,
    'is not a valid table or column name: use letters, digits and "_", starting with a letter',
  )

/** A value of a column. */
export const columnValue = z.union([z.string(), z.number()])

/** A table of each month, such as `BIZ_LOG_{yyyymm}`. */
export const monthlyTable = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,50}\{yyyymm\}$/, 'has to end in {yyyymm}')

/** Where finished rows are moved to: a table of each month, or one table, such as `BIZ_LOG`. */
export const logTable = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,50}(?:\{yyyymm\})?$/, 'is not a valid table name: use BIZ_LOG or BIZ_LOG_{yyyymm}')
