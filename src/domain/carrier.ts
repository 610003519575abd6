import * as z from 'zod'
import { Problem } from './problem.ts'

/** Names go into SQL as text, so they are held to a form that cannot be anything else. */
const identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, 'cannot be a table or column: use letters, digits and "_", starting with a letter')
const value = z.union([z.string(), z.number()])

/** What a message has that a column may hold. */
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
  /** The column that says whether the carrier is done, and the values that say so. */
  status: identifier,
  done: z.array(value).min(1),
  /** The column with the carrier's own word for the outcome, and the words that mean delivered. */
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
  /** How a type is written, where not as sms, lms and mms. */
  types: z.strictObject({ sms: value, lms: value, mms: value }).optional(),
  phone: z.enum(['e164', 'national']).optional(),
  /** `compact`: 20261123120000. */
  time: z.enum(['epoch-ms', 'datetime', 'compact']).optional(),
  timeZone: z.string().min(1).optional(),
  result,
  /** Where the carrier's own agent moves rows when they are done: `BIZ_LOG_{yyyymm}`. */
  log: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,50}\{yyyymm\}$/, 'is no name of monthly tables: end it in {yyyymm}')
    .optional(),
})

/**
 * Who delivers: the queue that its messages come from, and its table. A table without `existing` is one of ours, which
 * `apigw schema apply` makes; one with it is the carrier's own, which is only written into and read.
 */
export const carrier = z.strictObject({
  queue: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'cannot be the name of an SQS queue'),
  table: identifier,
  existing: adopted.optional(),
})

export type Carrier = z.infer<typeof carrier>

const carriers = z.strictObject({ carriers: z.array(carrier).min(1) })

/** What one machine has without any file: one carrier, and the sandbox. */
export const defaultCarriers: readonly Carrier[] = [
  { queue: 'carrier-a', table: 'carrier_a' },
  { queue: 'sandbox', table: 'sandbox' },
]

/**
 * Reads the list of carriers of a YAML or JSON document.
 * @param place how the document is called in errors
 * @throws Problem `carrier-invalid` that names the field
 */
export function carriersFrom(document: unknown, place: string): Carrier[] {
  const parsed = carriers.safeParse(document)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
    const field = [...(issue?.path ?? []), ...unknown].map(String).join('.')
    throw new Problem('carrier-invalid', `${place}${field === '' ? '' : `, ${field}`}: ${issue?.message ?? 'is not valid'}`, {
      next: 'see docs/operate.md, "Carriers"',
    })
  }
  const found = parsed.data.carriers
  const twice = found.find((one, at) => found.findIndex((other) => other.queue === one.queue) !== at)
  if (twice === undefined) return found
  throw new Problem('carrier-invalid', `${place}: the queue "${twice.queue}" is named more than once.`)
}
