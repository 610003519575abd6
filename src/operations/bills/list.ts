import { windowsAt } from '../../domain/calendar.ts'
import { type OperatorRegistry, storedProfile } from '../../registry/index.ts'
import { checkedMonth, type MonthlyBill, monthAfter, ofClosed } from './month.ts'
import { storedBill } from './stored.ts'

/** Months of one customer that are looked at. */
const maxMonths = 60
/** Bills that are read at the same time. */
const atOnce = 8

/** Whether a bill is closed. */
export interface ListedBill {
  readonly customer: string
  readonly month: string
  readonly bill?: MonthlyBill
}

/**
 * Which bills are closed: of one customer, month after month up to the last, or of all customers for one month.
 * @param month absent: of one customer all, of all customers the month before this one
 * @throws Problem `customer-unknown`, `input-invalid`
 */
export async function listBills(
  registry: OperatorRegistry,
  customer: string | undefined,
  month: string | undefined,
): Promise<ListedBill[]> {
  if (month !== undefined) checkedMonth(month)
  if (customer !== undefined) await storedProfile(registry, customer)
  const now = await registry.now()
  const wanted = (await registry.customers())
    .filter(({ id }) => customer === undefined || id === customer)
    .flatMap(({ id, timeZone, createdAt }) => {
      const last = month ?? monthAfter(windowsAt(timeZone, now).month.id, -1)
      if (customer === undefined || month !== undefined) return [{ customer: id, month: last }]
      const first = windowsAt(timeZone, createdAt).month.id
      const months = Array.from({ length: maxMonths }, (_, at) => monthAfter(last, at + 1 - maxMonths))
      return months.filter((one) => one >= first).map((one) => ({ customer: id, month: one }))
    })
  const found: ListedBill[] = []
  for (let from = 0; from < wanted.length; from += atOnce) {
    const some = wanted.slice(from, from + atOnce).map(async (one): Promise<ListedBill> => {
      const closed = await storedBill(registry, one.customer, one.month)
      return closed === undefined ? one : { ...one, bill: ofClosed(closed) }
    })
    found.push(...(await Promise.all(some)))
  }
  return found
}
