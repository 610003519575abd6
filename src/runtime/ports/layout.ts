import type { Carrier, Field } from '../../domain/carrier.ts'
import { messageTypes } from '../../domain/message.ts'
import { nationalNumber } from '../../domain/phone.ts'
import type { Outcome } from '../../domain/report.ts'
import { monthOf, readTime, type TimeFormat, writeTime } from '../../domain/wall-clock.ts'
import type { ColumnType, Value } from '../sql/index.ts'
import { alimtalkReaders, type ChannelLayout, channelFrom, channelLayout, lackOf } from './alimtalk-columns.ts'
import type { Row } from './database.ts'
import { mediaKey } from './media.ts'

/** A column that is written. */
export interface WrittenColumn {
  readonly field: Field | 'constant'
  readonly column: string
  /** The possible values, if they are few. */
  readonly values?: readonly Value[]
  /** The longest text that is written, in characters, where it is shorter than the longest of the field. */
  readonly most?: number
}

/** The second table of a layout. Its rows are written first, because the row of the message names their key. */
export interface DetailLayout {
  readonly table: string
  readonly key: string
  /** The column of the message's row that takes the key. */
  readonly link: string
  /** Numbers the rows; absent: the database fills in the key. */
  readonly sequence?: string
  readonly columns: readonly string[]
  readonly written: readonly WrittenColumn[]
  /** The values of the rows of a message, without their key; none: it has no second part. */
  rowsOf(row: Row): readonly (readonly Value[])[]
}

/** How a carrier's table is written and read. */
export interface Layout {
  readonly table: string
  /** Whether apigw manages the table: it creates it, knows its columns and archives its rows. */
  readonly managed: boolean
  readonly columns: readonly string[]
  /** The types of the columns of a managed table. */
  readonly types?: readonly ColumnType[]
  readonly written: readonly WrittenColumn[]
  /** @throws Error the table has no place for the message */
  valuesOf(row: Row): Value[]
  /**
   * Why the table has no place for a message, as the code of its report. Such a message is not written, and ends by itself.
   * @returns `undefined`: it has
   */
  lackOf(row: Row): string | undefined
  /** The column of the message's id. */
  readonly id: string
  /** How many characters of the id it takes; absent: all. */
  readonly idLength?: number
  /** A key that a sequence of the database numbers. */
  readonly numbered?: { readonly column: string; readonly sequence: string }
  readonly detail?: DetailLayout
  readonly result: {
    readonly status: string
    readonly done: readonly Value[]
    readonly code: string
    readonly at?: string
    readonly channel?: ChannelLayout
  }
  /** The table into which finished rows of this month are moved; absent: they stay. */
  logOf(instant: number): string | undefined
  outcomeOf(code: unknown): Outcome
  timeOf(value: unknown): number | undefined
}

/** The columns of a managed table. Those from `purpose` on came with step 3 of the schema. */
const managedColumns: Readonly<Record<Field, string>> = {
  id: 'id',
  customer: 'customer',
  environment: 'environment',
  recipient: 'recipient',
  sender: 'sender',
  type: 'type',
  subject: 'subject',
  body: 'body',
  media: 'media',
  ref: 'ref',
  sendAt: 'send_at',
  expiresAt: 'expires_at',
  acceptedAt: 'accepted_at',
  purpose: 'purpose',
  originCode: 'origin_code',
  profile: 'profile',
  template: 'template',
  buttons: 'buttons',
  fallbackType: 'fallback_type',
  fallbackSender: 'fallback_sender',
  fallbackSubject: 'fallback_subject',
  fallbackBody: 'fallback_body',
}

/** What a row of a managed table was delivered as. Without a fallback there is one answer, which the carrier need not write. */
const managedChannel: ChannelLayout = {
  columns: ['channel', 'type', 'fallback_type'],
  of: ([channel, type, fallbackType], outcome) => {
    const isAlone = outcome === 'delivered' && type === 'alimtalk' && fallbackType === null
    return channelFrom(channel) ?? (isAlone ? 'alimtalk' : undefined)
  },
}

const instants: ReadonlySet<Field> = new Set(['sendAt', 'expiresAt', 'acceptedAt'])

/** The status of a row in a managed table. */
export const managedStatus = { waiting: 0, done: 2 } as const
const managedDelivered = 'delivered'
const managedExpired = 'expired'

function readersOf(carrier: Carrier): Record<Field, (row: Row) => Value> {
  const { phone = 'e164', time = 'epoch-ms', timeZone = 'Asia/Seoul', types } = carrier.existing ?? {}
  const number = phone === 'national' ? nationalNumber : (text: string) => text
  const at = (instant: number | undefined): Value => (instant === undefined ? null : writeTime(instant, time, timeZone))
  return {
    id: ({ message }) => message.id,
    customer: ({ customer }) => customer,
    environment: ({ environment }) => environment,
    recipient: ({ message }) => number(message.to),
    // An alimtalk without a fallback has none, and carriers' columns take no NULL.
    sender: ({ message }) => (message.from === undefined ? '' : number(message.from)),
    type: ({ message }) => types?.[message.type] ?? message.type,
    subject: ({ message }) => message.subject ?? null,
    body: ({ message }) => message.text,
    media: (row) => row.message.media?.map((id) => mediaKey(row, id)).join(',') ?? null,
    ref: ({ message }) => message.ref ?? null,
    sendAt: ({ message }) => at(message.sendAt ?? message.acceptedAt),
    expiresAt: ({ message }) => at(message.expiresAt),
    acceptedAt: ({ message }) => at(message.acceptedAt),
    purpose: ({ message }) => message.purpose ?? 'normal',
    originCode: ({ message }) => message.originCode ?? null,
    ...alimtalkReaders(number),
  }
}

function layoutFor(carrier: Carrier): Layout {
  const { table, existing } = carrier
  const readers = readersOf(carrier)
  const columns = Object.entries(existing?.columns ?? managedColumns) as [Field, string][]
  const constants = Object.entries(existing?.constants ?? {})
  const { time = 'epoch-ms', timeZone = 'Asia/Seoul' }: { time?: TimeFormat | undefined; timeZone?: string | undefined } =
    existing ?? {}
  const result = existing?.result ?? {
    status: 'status',
    done: [managedStatus.done],
    code: 'result',
    delivered: [managedDelivered],
    at: 'result_at',
  }
  const delivered = new Set(result.delivered.map(String))
  const has = new Set(columns.map(([field]) => field))
  const types = existing?.types
  const takesAlimtalk = has.has('template') && (types === undefined || types.alimtalk !== undefined)
  const taken = messageTypes.filter((type) => type !== 'alimtalk' || takesAlimtalk)
  const channel = existing === undefined ? managedChannel : channelLayout(existing.result.channel, existing.result.channels)
  const log = existing === undefined ? `${table}_log_{yyyymm}` : existing.log
  return {
    table,
    managed: existing === undefined,
    ...(existing === undefined && { types: columns.map(([field]) => (instants.has(field) ? 'bigint' : 'text')) }),
    columns: [...columns.map(([, column]) => column), ...constants.map(([column]) => column)],
    written: [
      ...columns.map(([field, column]) => ({
        field,
        column,
        ...(field === 'type' && { values: taken.map((type) => types?.[type] ?? type) }),
      })),
      ...constants.map(([column, value]) => ({ field: 'constant' as const, column, values: [value] })),
    ],
    valuesOf: (row) => [...columns.map(([field]) => readers[field](row)), ...constants.map(([, value]) => value)],
    lackOf: (row) => (row.message.type === 'alimtalk' && !takesAlimtalk ? 'alimtalk-not-taken' : lackOf(has, row)),
    id: columns.find(([field]) => field === 'id')?.[1] ?? 'id',
    result: {
      status: result.status,
      done: result.done,
      code: result.code,
      ...(result.at !== undefined && { at: result.at }),
      ...(channel !== undefined && { channel }),
    },
    logOf: (instant) => log?.replace('{yyyymm}', monthOf(instant, timeZone)),
    outcomeOf: (code) => {
      if (delivered.has(String(code))) return 'delivered'
      return existing === undefined && code === managedExpired ? 'expired' : 'failed'
    },
    timeOf: (value) => readTime(value, time, timeZone),
  }
}

const layouts = new WeakMap<Carrier, Layout>()

/** The layout of a carrier whose table has no map. A map's layout depends on the names in the database: `mappedLayout`. */
export function layoutOf(carrier: Carrier): Layout {
  let layout = layouts.get(carrier)
  if (layout === undefined) {
    layout = layoutFor(carrier)
    layouts.set(carrier, layout)
  }
  return layout
}
