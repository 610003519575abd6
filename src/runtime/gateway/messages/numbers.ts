import * as z from 'zod'
import { phoneNumber } from '../../../domain/phone.ts'
import { problemCode } from './shown.ts'

/** Numbers in one call. */
const maxNumbers = 1_000
const maxNumberLength = 32
const notANumber = 'is not a telephone number: use E.164 (+821012345678) or a Korean number (010-1234-5678)'

/** A list of numbers that is checked row by row: one that is wrong does not stop the others. */
export const numbersSchema = z
  .array(z.unknown())
  .min(1)
  .max(maxNumbers)
  .meta({
    description: `Up to ${maxNumbers} recipients, in E.164 or as Korean numbers`,
    items: { type: 'string', example: '010-1234-5678' },
  })

/** A recipient in a query string, where `+` stands for a space (WHATWG URL, application/x-www-form-urlencoded parsing). */
export const numberInQuery = z
  .string()
  .max(maxNumberLength)
  .transform((text, context) => {
    const number = phoneNumber(text.replace(/^ /, '+'), 'recipient')
    if (number !== undefined) return number
    context.addIssue({ code: 'custom', message: notANumber })
    return z.NEVER
  })

/** A row of such a list: its number in E.164, or what is wrong with it. */
export type NumberRow = { readonly number: string } | { readonly pointer: string; readonly detail: string }

/** Reads every row. What was given is not repeated: the place says which one it is. */
export function numberRows(numbers: readonly unknown[]): NumberRow[] {
  return numbers.map((given, index) => {
    const text = typeof given === 'string' && given.length <= maxNumberLength ? given : ''
    const number = phoneNumber(text, 'recipient')
    return number === undefined ? { pointer: `/numbers/${index}`, detail: notANumber } : { number }
  })
}

/** The result of each row: `changed` where its number was changed, for its first row, and `unchanged` where it was not. */
export function rowResults<Changed extends string, Unchanged extends string>(
  rows: readonly NumberRow[],
  done: ReadonlySet<string>,
  changed: Changed,
  unchanged: Unchanged,
) {
  const left = new Set(done)
  return rows.map((row, index) => {
    if ('detail' in row) return { index, status: 'invalid' as const, problem: { code: 'invalid-request', ...row } }
    const { number } = row
    return { index, number, status: left.delete(number) ? changed : unchanged }
  })
}

/** The schema of `rowResults`. @param title the name of a row in the description */
export function rowResultsSchema(title: string, changed: string, unchanged: string) {
  return z
    .array(
      z
        .object({
          index: z.int().meta({ example: 0 }),
          number: z.string().optional().meta({ description: 'In E.164' }),
          status: z.enum([changed, unchanged, 'invalid']),
          problem: z
            .object({ code: problemCode, pointer: z.string(), detail: z.string() })
            .meta({ title: 'NumberProblem' })
            .optional(),
        })
        .meta({ title }),
    )
    .meta({ description: 'One for each number, in order' })
}

/** Numbers of the rows that have one. */
export function validNumbers(rows: readonly NumberRow[]): string[] {
  return rows.flatMap((row) => ('number' in row ? [row.number] : []))
}
