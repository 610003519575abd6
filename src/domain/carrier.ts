import * as z from 'zod'
import { checkedDocument, type DocumentSource, fieldProblem } from './document.ts'
import { type MappedTable, mappingFault, writing } from './mapped-carrier.ts'
import { Problem } from './problem.ts'
import { identifier, monthlyTable, columnValue as value } from './sql-names.ts'
import { channelValues, type TableMap, tableMap } from './table-map.ts'
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
  'purpose',
  'originCode',
  'profile',
  'template',
  'buttons',
  'fallbackType',
  'fallbackSender',
  'fallbackSubject',
  'fallbackBody',
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
  /** The column that says what an alimtalk was delivered as. It may be the one of the code. */
  channel: identifier.optional(),
  /** The values of that column, where they are not alimtalk, sms and lms. */
  channels: channelValues.optional(),
})

const adopted = z.strictObject({
  columns: z
    .partialRecord(z.enum(fields), identifier)
    .refine((columns) => columns.id && columns.recipient && columns.body, 'needs at least id, recipient and body'),
  /** Written into every row. */
  constants: z.record(identifier, value).optional(),
  /** The values for the message types, if they are not sms, lms and mms. Without one for alimtalk the table takes none. */
  types: z.strictObject({ sms: value, lms: value, mms: value, alimtalk: value.optional() }).optional(),
  phone: z.enum(['e164', 'national']).optional(),
  /** `compact`: 20261123120000. */
  time: z.enum(['epoch-ms', 'datetime', 'compact']).optional(),
  timeZone: z.string().min(1).optional(),
  result,
  /** The tables into which the carrier's agent moves finished rows, such as `BIZ_LOG_{yyyymm}`. */
  log: monthlyTable.optional(),
})

/**
 * A carrier: the queue of its messages, and its table. A table with `existing` or `mapped` belongs to the carrier, and apigw only
 * inserts and reads. Any other is managed by apigw (`apigw schema apply` creates it).
 */
export interface Carrier {
  readonly queue: string
  readonly table: string
  readonly existing?: z.infer<typeof adopted> | undefined
  /** The table of a map: it may have two tables, keys that the database makes, and a short column for the id. */
  readonly mapped?: MappedTable | undefined
}

const carrier = z.strictObject({
  queue: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'cannot be the name of an SQS queue'),
  /** Default: the table of the map. */
  table: identifier.optional(),
  existing: adopted.optional(),
  /** A shipped table map, such as `em-tran-mms`, or the path of one. */
  map: z.string().min(1).optional(),
  /** A table map in place of its name: for a function, which has no files. */
  tableMap: tableMap.optional(),
  write: writing.optional(),
})

const carriers = z.strictObject({ carriers: z.array(carrier).min(1) })

/** The carriers without a configuration file: one carrier and the sandbox. */
export const defaultCarriers: readonly Carrier[] = [
  { queue: 'carrier-a', table: 'carrier_a' },
  { queue: 'sandbox', table: 'sandbox' },
]

/** Reads a table map by its name or path. @throws Problem */
export type ReadMap = (name: string) => TableMap

function noMaps(name: string): TableMap {
  throw new Problem('carrier-invalid', `The table map "${name}" cannot be read here.`, {
    next: 'write its content under "tableMap"',
  })
}

type Listed = z.infer<typeof carrier>

/** @param at the place of the carrier in the document */
function carrierOf(listed: Listed, at: number, source: DocumentSource, readMap: ReadMap): Carrier {
  const { queue, table, existing, map: name, tableMap: given, write } = listed
  const fault = (field: readonly string[], message: string) => fieldProblem(source, ['carriers', at, ...field], message)
  if ([existing, name, given].filter((one) => one !== undefined).length > 1) {
    throw fault([], 'has more than one of "existing", "map" and "tableMap"')
  }
  const map = given ?? (name === undefined ? undefined : readMap(name))
  if (map === undefined) {
    if (write !== undefined) throw fault(['write'], 'needs a "map"')
    if (table === undefined) throw fault(['table'], 'is missing')
    return { queue, table, ...(existing !== undefined && { existing }) }
  }
  const mapped = { map: { ...map, table: table ?? map.table }, write: write ?? writing.parse({}) }
  const wrong = mappingFault(mapped)
  if (wrong !== undefined) throw fault(wrong.field, wrong.message)
  return { queue, table: mapped.map.table, mapped }
}

/**
 * Reads the list of carriers of a YAML or JSON text.
 * @param name the name of the document in errors
 * @throws Problem `carrier-invalid` that names line and field
 */
export function carriersFrom(text: string, name: string, readMap: ReadMap = noMaps): Carrier[] {
  const document = readYamlDocument(text, { name, code: 'carrier-invalid', next: 'see docs/operate.md, "Carriers"' })
  const { source } = document
  const { carriers: listed } = checkedDocument(carriers, document.value, source)
  const found = listed.map((one, at) => carrierOf(one, at, source, readMap))
  const twice = found.findIndex(({ queue }, at) => found.findIndex((other) => other.queue === queue) !== at)
  if (twice === -1) return found
  throw fieldProblem(source, ['carriers', twice], `the queue "${found[twice]?.queue}" is named more than once`)
}
