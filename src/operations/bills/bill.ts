import { type Bill, type BillLine, type ClosedBill, sumsOf } from '../../domain/closed-bill.ts'
import { type Money, type PriceList, priceOf } from '../../domain/price-list.ts'
import { Problem } from '../../domain/problem.ts'
import type { Counted } from './count.ts'

/** What was paid for a message when its month was closed. In a different currency it says nothing. */
function paidBefore(closed: ClosedBill | undefined, list: PriceList, { type, destination }: Counted): Money | undefined {
  if (closed === undefined || closed.currency !== list.currency) return undefined
  const line = closed.lines.find((one) => one.accepted === closed.month && one.type === type && one.destination === destination)
  return line?.price
}

function priced(list: PriceList, customer: string, counted: Counted, closed: ClosedBill | undefined): BillLine {
  const { accepted, type, destination, messages, undelivered } = counted
  const price = paidBefore(closed, list, counted) ?? priceOf(list, customer, type, destination)
  if (price === undefined) {
    throw new Problem('input-invalid', `The price list has no price for ${type} to ${destination}, which ${customer} sent.`, {
      next: `add a line with type ${type} and to "${destination === 'unknown' ? '*' : destination}" or "*"`,
    })
  }
  const [charged, credited] = [price * BigInt(messages), price * BigInt(undelivered)]
  return { accepted, type, destination, price, messages, charged, undelivered, credited }
}

/**
 * The bill for what was counted. What messages of an earlier month are credited with is what its closed bill charged for them.
 * @param before closed bills of earlier months, by month
 * @throws Problem `input-invalid` for messages without a price, before anything is shown
 */
export function billOf(
  list: PriceList,
  customer: string,
  counted: readonly Counted[],
  before: ReadonlyMap<string, ClosedBill> = new Map(),
): Bill {
  const nameOf = ({ accepted, type, destination }: BillLine): string => `${accepted} ${type} ${destination}`
  const lines = counted
    .map((one) => priced(list, customer, one, before.get(one.accepted)))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  return { customer, currency: list.currency, lines, ...sumsOf(lines, list.currency) }
}
