import * as z from 'zod'
import { duration } from './duration.ts'
import { messageTypes } from './message.ts'
import { columnValue, identifier, logTable } from './sql-names.ts'

/** `mms-or-lms`: `mms` where the row names an image, else `lms`. */
const rowTypes = [...messageTypes, 'mms-or-lms'] as const

/** Columns with names of image files. Empty ones are left out. */
const files = z.array(identifier).min(1).max(10)

/** A value, or one for each of the table's values of `type`. */
const byType = z.union([columnValue, z.record(z.string(), columnValue)])

/** A second table that holds a part of the message. */
const detail = z.strictObject({
  table: identifier,
  /** The column of the second table that the row's `link` is looked for in. It has the type of `link`. */
  key: identifier,
  /** The column of the row. Empty or 0: the row has no detail. */
  link: identifier,
  /** Where several of its rows belong to one row: what they are sorted by. Their files are joined. */
  order: identifier.optional(),
  /** What these hold replaces what the row itself holds. */
  columns: z.strictObject({
    subject: identifier.optional(),
    text: identifier.optional(),
    files: files.optional(),
    /** The folder that the names of files are in. */
    folder: identifier.optional(),
  }),
})

function isAscii(values: unknown): boolean {
  return /^[\x20-\x7e]*$/.test(JSON.stringify(values))
}

/** Where an alimtalk has what other messages have not. */
const alimtalkColumns = z.strictObject({
  profile: identifier,
  template: identifier,
  /** Buttons, as Kakao's relay takes them: `{"button":[{"name":"…","type":"WL","url_mobile":"…"}]}`. */
  buttons: identifier.optional(),
  fallback: z
    .strictObject({
      text: identifier,
      subject: identifier.optional(),
      /** Absent: the column of `from`. */
      from: identifier.optional(),
      type: identifier.optional(),
      /** The table's values of `type`, where they are not sms and lms. */
      types: z.strictObject({ sms: columnValue, lms: columnValue }).optional(),
    })
    .optional(),
})

/** What an alimtalk was delivered as, by the values of the column that says so. */
export const channelValues = z.record(z.string(), z.enum(messageTypes))

/** Results of single recipients, where one row is sent to many. */
const recipients = z.strictObject({
  /** What separates recipients in the column of `to`, such as `|`. */
  separator: z.string().length(1),
  /** What separates a recipient's name from the number behind it. */
  nameEnd: z.string().length(1).optional(),
  /** The table of results, with one row for each recipient. */
  table: identifier,
  /** Its column with the key of the row that was sent. */
  key: identifier,
  /** Its column with the place of the recipient in the row: 1, 2, 3. */
  part: identifier,
  /** Its columns for the number and the name. Longer ones are cut off. */
  number: identifier,
  name: identifier.optional(),
  characters: z.int().min(1).default(20),
  /** Columns of the row that it has under the same names. */
  copied: z.array(identifier).optional(),
  /** Its columns `result` names: the code and the times. This is the column of the state. */
  state: z.strictObject({ column: identifier, waiting: columnValue, delivered: columnValue, failed: columnValue }),
  /** A table that gets a copy of each row when all of its recipients were accepted or refused, with their numbers. */
  summary: z.strictObject({ table: identifier, accepted: identifier, refused: identifier }).optional(),
})

/**
 * How the agent reads and writes a table of the customer: which column holds what, and what each state of a row is called
 * there. The customer's programs know this table, so nothing in it is changed but the columns named here.
 */
export const tableMap = z
  .strictObject({
    /** What the table belongs to, for people. */
    title: z.string().min(1).max(80).optional(),
    table: identifier,
    /** The column of the primary key. */
    key: identifier,
    columns: z.strictObject({
      to: identifier,
      from: identifier,
      text: identifier,
      /** When the message is due. */
      dueAt: identifier,
      type: identifier.optional(),
      subject: identifier.optional(),
      files: files.optional(),
    }),
    /** What separates names where one column holds several. */
    fileSeparator: z.string().length(1).optional(),
    /** What ends a name, where the column holds more behind it. */
    fileEnd: z.string().length(1).optional(),
    /** One row is many messages. `columns.to` then holds all recipients, and `result` names columns of their table. */
    recipients: recipients.optional(),
    detail: detail.optional(),
    alimtalk: alimtalkColumns.optional(),
    /** The table's values of `type`. A value that is not listed is refused with `type-unknown`. */
    types: z.record(z.string(), z.enum(rowTypes)).optional(),
    /** The type of each row, where no column says it. */
    type: z.enum(rowTypes).optional(),
    /** How the table writes times. `compact`: 20261123120000. */
    time: z.enum(['epoch-ms', 'datetime', 'compact']).default('datetime'),
    timeZone: z.string().min(1).default('Asia/Seoul'),
    /**
     * `raw-euckr`: the columns of texts hold bytes in EUC-KR or CP949 that the database takes for another charset, such as latin1.
     * Absent: the database knows the charset.
     */
    charset: z.enum(['raw-euckr']).optional(),
    /** Only rows with these values are sent. A list: with one of them. */
    where: z.record(identifier, z.union([columnValue, z.array(columnValue).min(1)])).optional(),
    status: z.strictObject({
      column: identifier,
      /** The row may be sent. */
      ready: columnValue,
      /** An agent is sending the row. */
      claimed: columnValue,
      /** The gateway accepted the message, and its report is open. */
      accepted: columnValue,
      delivered: columnValue,
      failed: columnValue,
      /** Not sent, because it was too old. Default: `failed`. */
      expired: columnValue.optional(),
      /** Whether it was sent is not known. Default: `failed`. */
      unknown: columnValue.optional(),
    }),
    /**
     * A spare column of at least 25 characters that names the agent and the time of its claim. It is needed where `claimed` and
     * `accepted` are the same value.
     */
    claim: identifier.optional(),
    /** A column of at least 26 characters for the gateway's id of the message. It may be the same column as `claim`. */
    id: identifier.optional(),
    result: z.strictObject({
      /** The column of the result code. */
      code: identifier,
      delivered: byType,
      /** For a code that `codes` does not list. */
      failed: byType,
      /** The table's values for codes of the carrier and of the gateway. */
      codes: z.record(z.string(), columnValue).optional(),
      /** When the result was written. */
      at: identifier.optional(),
      /** When the gateway accepted the message. */
      acceptedAt: identifier.optional(),
      /** What an alimtalk was delivered as, for the worker that reads results of a carrier. It may be the column of the code. */
      channel: identifier.optional(),
      /** The values of that column, where they are not alimtalk, sms and lms. */
      channels: channelValues.optional(),
    }),
    /** Where finished rows are moved to, such as `em_log_{yyyymm}`. Reports find them there. */
    log: logTable.optional(),
    /** The agent moves rows that have been finished for this long; absent: the customer does. In milliseconds. */
    moveAfter: duration.optional(),
  })
  .refine(({ log, moveAfter }) => moveAfter === undefined || log !== undefined, 'needs "log" for "moveAfter"')
  .refine(
    ({ status, claim }) => claim !== undefined || String(status.claimed) !== String(status.accepted),
    'needs "claim", because "claimed" and "accepted" are the same value',
  )
  .refine(
    ({ charset, status, result }) => charset === undefined || isAscii([status, result]),
    'writes ASCII only with "charset: raw-euckr", so the values of "status" and "result" have to be ASCII',
  )
  .refine(
    ({ recipients: many, detail: second, claim, id, log }) =>
      many === undefined || [second, claim, id, log].every((one) => one === undefined),
    '"recipients" cannot be combined with "detail", "claim", "id" and "log"',
  )
  .refine(
    ({ types = {}, type, alimtalk }) => alimtalk !== undefined || ![...Object.values(types), type].includes('alimtalk'),
    'needs "alimtalk", the columns of its profile and template',
  )
  .refine(
    ({ recipients: many, charset, alimtalk }) => alimtalk === undefined || (many === undefined && charset === undefined),
    '"alimtalk" cannot be combined with "recipients" and "charset"',
  )
  .refine(
    ({ types = {}, result }) =>
      [result.delivered, result.failed].every(
        (one) => typeof one !== 'object' || Object.keys(types).every((type) => type in one),
      ),
    'needs a result for each value of "types"',
  )

export type TableMap = z.infer<typeof tableMap>
