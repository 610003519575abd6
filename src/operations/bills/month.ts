import { windowOf } from '../../domain/calendar.ts'
import { type Bill, billMonth, type ClosedBill } from '../../domain/closed-bill.ts'
import type { PriceList } from '../../domain/price-list.ts'
import { Problem } from '../../domain/problem.ts'
import { countsKeptMs } from '../../domain/usage.ts'
import { type OperatorRegistry, storedProfile } from '../../registry/index.ts'
import { type Period, readHours } from '../usage/index.ts'
import { billOf } from './bill.ts'
import { MonthCount } from './count.ts'
import { storedBill } from './stored.ts'

/** A bill, and the month that it is for. */
export interface MonthlyBill extends Bill {
  /** `2026-11` */
  readonly month: string
  readonly timeZone: string
  readonly period: Period
  /** Whether the month was over when the bill was made. */
  readonly complete: boolean
  /** Messages of the month that had not ended when the bill was made. */
  readonly open: number
  /** The bill as it was closed; absent: it can still change. */
  readonly closed?: ClosedBill
}

/** @throws Problem `input-invalid` */
export function checkedMonth(month: string): string {
  if (billMonth.test(month)) return month
  throw new Problem('input-invalid', `"${month}" is not a month.`, { next: 'use YEAR-MONTH, such as 2026-10' })
}

/** The month that lies `by` months after another. */
export function monthAfter(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7)
}

/**
 * What the bill of a month counts. It begins where the bill before ended and ends where the one after begins, so that nothing is
 * billed twice or left out when the time zone of a customer is changed in between.
 */
export async function billPeriod(registry: OperatorRegistry, customer: string, timeZone: string, month: string): Promise<Period> {
  const calendar = windowOf(timeZone, month)
  const [before, after] = await Promise.all([-1, 1].map((by) => storedBill(registry, customer, monthAfter(month, by))))
  return { start: before?.until ?? calendar.start, end: after?.from ?? calendar.end }
}

export function ofClosed(closed: ClosedBill): MonthlyBill {
  const { customer, currency, lines, charged, credited, total, payable, month, timeZone, from, until, open } = closed
  const bill = { customer, currency, lines, charged, credited, total, payable, month, timeZone, open }
  return { ...bill, period: { start: from, end: until }, complete: true, closed }
}

/** The bill of one customer as it is now. */
async function billNow(
  registry: OperatorRegistry,
  list: PriceList,
  { id, timeZone }: { readonly id: string; readonly timeZone: string },
  month: string,
  now: number,
): Promise<MonthlyBill> {
  const period = await billPeriod(registry, id, timeZone, month)
  const count = new MonthCount(id, month)
  const oldest = now - countsKeptMs
  const owner = { customer: id, environment: 'live' } as const
  const own = { start: Math.max(period.start, oldest), end: Math.min(period.end, now + 1) }
  for await (const hour of readHours(registry, owner, own)) count.add(hour)
  for await (const hour of readHours(registry, owner, { start: Math.max(period.end, oldest), end: now + 1 })) count.addLater(hour)
  const { counted, open } = count
  const months = new Set(counted.map(({ accepted }) => accepted).filter((accepted) => accepted !== month))
  const before = await Promise.all([...months].map((one) => storedBill(registry, id, one)))
  const closed = new Map(before.flatMap((one) => (one === undefined ? [] : [[one.month, one] as const])))
  return { ...billOf(list, id, counted, closed), month, timeZone, period, open, complete: period.end <= now }
}

/**
 * The bills of one customer, or of each, for a month of its calendar: those that are closed as they were closed, the others as they
 * are now. Customers who used nothing have a bill without lines.
 * @param prices reads the price list. It is not asked for where all bills are closed
 * @param month such as 2026-10
 * @throws Problem `customer-unknown`; `input-invalid` for a month that is none, and for messages without a price
 */
export async function monthlyBills(
  registry: OperatorRegistry,
  prices: () => PriceList,
  customer: string | undefined,
  month: string,
): Promise<MonthlyBill[]> {
  checkedMonth(month)
  if (customer !== undefined) await storedProfile(registry, customer)
  const now = await registry.now()
  const bills: MonthlyBill[] = []
  for (const one of await registry.customers()) {
    if (customer !== undefined && one.id !== customer) continue
    const closed = await storedBill(registry, one.id, month)
    bills.push(closed === undefined ? await billNow(registry, prices(), one, month, now) : ofClosed(closed))
  }
  return bills
}
