import * as z from 'zod'
import { customerIdPattern, isDisplayable } from './names.ts'
import { type Money, rounded } from './price-list.ts'
import { Problem } from './problem.ts'

/** What was charged and credited for messages of one type to one destination that were accepted in one month. */
export interface BillLine {
  /** The month in which the messages were accepted, such as `2026-10`: that of the bill, or an earlier one. */
  readonly accepted: string
  /** As it is priced: `unknown` where the counters do not say. */
  readonly type: string
  /** `+82`; `unknown` where the counters do not say. */
  readonly destination: string
  readonly price: Money
  /** Messages that were accepted in the month and that a queue took. */
  readonly messages: number
  readonly charged: Money
  /** Messages that ended in the month without being delivered, and are not paid for. */
  readonly undelivered: number
  readonly credited: Money
}

/** A bill of one customer for one month of its calendar. Messages that have not ended are charged, and credited when they fail. */
export interface Bill {
  readonly customer: string
  readonly currency: string
  readonly lines: readonly BillLine[]
  readonly charged: Money
  readonly credited: Money
  /** Charged minus credited. */
  readonly total: Money
  /** In what the currency has. */
  readonly payable: Money
}

/** The price list that a bill was made with. */
export interface UsedPrices {
  /** As of `priceListDigest`. */
  readonly digest: string
  /** The name of its file, without its folder. */
  readonly file: string
}

/** A bill of a month that is over, as it is given to the registry. */
export interface BillDraft extends Bill {
  /** `2026-10` */
  readonly month: string
  readonly timeZone: string
  /** What the bill counts: from `from` up to, not including, `until`, in milliseconds since 1970. The next bill begins there. */
  readonly from: number
  readonly until: number
  /** Messages of the month that had not ended when the bill was made. */
  readonly open: number
  readonly prices: UsedPrices
}

/** A bill that is closed: it never changes. */
export interface ClosedBill extends BillDraft {
  /** Milliseconds since 1970. */
  readonly closedAt: number
  readonly closedBy: string
  /** Where it was closed: the host, or the caller's address. */
  readonly closedFrom: string
  readonly reason?: string
}

export const billMonth = /^\d{4}-(?:0[1-9]|1[0-2])$/

/** Whole numbers of any size, as JSON cannot hold them. */
const money = z
  .string()
  .regex(/^-?\d{1,40}$/)
  .transform(BigInt)
const shown = (most: number) => z.string().min(1).max(most).refine(isDisplayable, 'has characters that cannot be shown')
const line = z.strictObject({
  accepted: z.string().regex(billMonth),
  type: shown(60),
  destination: shown(20),
  price: money,
  messages: z.int(),
  charged: money,
  undelivered: z.int(),
  credited: money,
})
const draft = z.strictObject({
  customer: z.string().regex(customerIdPattern),
  month: z.string().regex(billMonth),
  timeZone: shown(64),
  from: z.int(),
  until: z.int(),
  open: z.int().nonnegative(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  prices: z.strictObject({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), file: shown(255) }),
  lines: z.array(line).max(20_000),
  charged: money,
  credited: money,
  total: money,
  payable: money,
})

/** A closed bill as the registry holds it. Loose: what a later version adds is kept out of the way. */
export const closedBillSchema: z.ZodType<ClosedBill> = z.looseObject({
  ...draft.shape,
  closedAt: z.number(),
  closedBy: z.string(),
  closedFrom: z.string(),
  reason: z.string().exactOptional(),
})

/** The shared document that holds the closed bill of a customer and month. */
export function billDocument(customer: string, month: string): string {
  return `bill:${customer}:${month}`
}

/** Money as texts, everything else as it is. */
export function billText(bill: BillDraft | ClosedBill): string {
  return JSON.stringify(bill, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

function sumOf(lines: readonly BillLine[], of: (line: BillLine) => Money): Money {
  return lines.reduce((sum, one) => sum + of(one), 0n)
}

/** The sums of lines. */
export function sumsOf(lines: readonly BillLine[], currency: string): Pick<Bill, 'charged' | 'credited' | 'total' | 'payable'> {
  const [charged, credited] = [sumOf(lines, (one) => one.charged), sumOf(lines, (one) => one.credited)]
  const total = charged - credited
  return { charged, credited, total, payable: rounded(total, currency) }
}

/**
 * Reads a draft that may come from another machine, and adds it up again.
 * @throws Problem `input-invalid` for one that has another form, or that does not add up
 */
export function checkedDraft(text: string, customer: string, month: string): BillDraft {
  const read = draft.safeParse(parsed(text))
  if (!read.success) throw new Problem('input-invalid', 'The bill has a form that this version does not know.')
  const bill = read.data
  const sums = sumsOf(bill.lines, bill.currency)
  const wrongLine = bill.lines.find(
    ({ price, messages, charged, undelivered, credited }) =>
      charged !== price * BigInt(messages) || credited !== price * BigInt(undelivered),
  )
  const isSum = (['charged', 'credited', 'total', 'payable'] as const).every((name) => bill[name] === sums[name])
  if (wrongLine === undefined && isSum && bill.customer === customer && bill.month === month && bill.from < bill.until)
    return bill
  throw new Problem('input-invalid', `The bill of ${customer} for ${month} does not add up.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
