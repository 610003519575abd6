import * as z from 'zod'
import { checkedDocument, fieldProblem } from './document.ts'
import { identifier, monthlyTable, columnValue as value } from './sql-names.ts'
import { readYamlDocument } from './yaml-document.ts'

/** The fields of a message that a column can hold. */
export const fields = [
  'id',
  'recipient',
  'body',
  'customer',
  'environment',
  'sender',
  'type',
  'subject',
  'media',
  'ref',
  'sendAt',
  'expiresAt',
  'acceptedAt',
] as const
export type Field = (typeof fields)[number]

const result = z.strictObject({
  /** The status column, and its values for a finished message. */
  status: identifier,
  done: z.array(value).min(1),
  /** The column of the carrier's result code, and the codes that mean delivered. */
  code: identifier,
  delivered: z.array(value).min(1),
  /** The column with the time of the outcome. */
  at: identifier.optional(),
})

const adopted = z.strictObject({
  columns: z
    .partialRecord(z.enum(fields), identifier)
    .refine((columns) => columns.id && columns.recipient && columns.body, 'needs at least id, recipient and body'),
  /** Written into every row. */
  constants: z.record(identifier, value).optional(),
  /** The values for the message types, if they are not sms, lms and mms. */
  types: z.strictObject({ sms: value, lms: value, mms: value }).optional(),
  phone: z.enum(['e164', 'national']).optional(),
  /** `compact`: 20261123120000. */
  time: z.enum(['epoch-ms', 'datetime', 'compact']).optional(),
  timeZone: z.string().min(1).optional(),
  result,
  /** The tables into which the carrier's agent moves finished rows, such as `BIZ_LOG_{yyyymm}`. */
  log: monthlyTable.optional(),
})

/**
 * A carrier: the queue of its messages, and its table. A table without `existing` is managed by apigw (`apigw schema apply`
 * creates it); a table with `existing` belongs to the carrier, and apigw only inserts and reads.
 */
export const carrier = z.strictObject({
  queue: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'cannot be the name of an SQS queue'),
  table: identifier,
  existing: adopted.optional(),
})

export type Carrier = z.infer<typeof carrier>

const carriers = z.strictObject({ carriers: z.array(carrier).min(1) })

/** The carriers without a configuration file: one carrier and the sandbox. */
export const defaultCarriers: readonly Carrier[] = [
  { queue: 'carrier-a', table: 'carrier_a' },
  { queue: 'sandbox', table: 'sandbox' },
]

/**
 * Reads the list of carriers of a YAML or JSON text.
 * @param name the name of the document in errors
 * @throws Problem `carrier-invalid` that names line and field
 */
export function carriersFrom(text: string, name: string): Carrier[] {
  const document = readYamlDocument(text, { name, code: 'carrier-invalid', next: 'see docs/operate.md, "Carriers"' })
  const { carriers: found } = checkedDocument(carriers, document.value, document.source)
  const twice = found.findIndex(({ queue }, at) => found.findIndex((other) => other.queue === queue) !== at)
  if (twice === -1) return found
  throw fieldProblem(document.source, ['carriers', twice], `the queue "${found[twice]?.queue}" is named more than once`)
}
