import type { PriceList } from '../../domain/price-list.ts'
import { Problem } from '../../domain/problem.ts'
import { type OperatorRegistry, storedProfile } from '../../registry/index.ts'
import { periodBetween, readUsage } from '../usage/index.ts'
import { type Bill, billOf } from './bill.ts'

/** A bill, and the month that it is for. */
export interface MonthlyBill extends Bill {
  /** `2026-11` */
  readonly month: string
  readonly timeZone: string
  /** Whether the month was over when the bill was made. */
  readonly complete: boolean
}

/**
 * The bills of one customer, or of each, for a month of its calendar. Customers who used nothing have a bill without lines.
 * @param month such as 2026-10
 * @throws Problem `customer-unknown`; `input-invalid` for a month that is none, and for messages without a price
 */
export async function monthlyBills(
  registry: OperatorRegistry,
  list: PriceList,
  customer: string | undefined,
  month: string,
): Promise<MonthlyBill[]> {
  if (!/^\d{4}-\d{2}$/.test(month)) {
    throw new Problem('input-invalid', `"${month}" is not a month.`, { next: 'use YEAR-MONTH, such as 2026-10' })
  }
  if (customer !== undefined) await storedProfile(registry, customer)
  const now = await registry.now()
  const bills: MonthlyBill[] = []
  for (const { id, timeZone } of await registry.customers()) {
    if (customer !== undefined && id !== customer) continue
    const period = periodBetween({ from: month, to: month }, timeZone, now)
    const usage = readUsage(registry, { customer: id, environment: 'live' }, period)
    bills.push({ ...(await billOf(list, id, usage)), month, timeZone, complete: period.end <= now })
  }
  return bills
}
