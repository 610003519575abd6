import { moneyText } from '../domain/price-list.ts'
import { quantity } from '../domain/quantity.ts'
import type { MonthlyBill } from '../operations/bills/index.ts'
import { count, table } from './output.ts'

export function billText({ customer, month, currency, lines, payable, total, complete }: MonthlyBill): string {
  const soFar = complete ? '' : ' so far'
  if (lines.length === 0) return `${customer} has nothing to pay for ${month}${soFar}.`
  const rows = lines.map(({ type, destination, price, messages, charged, undelivered, credited }) => [
    ...[type, destination, moneyText(price), count(messages), moneyText(charged), count(undelivered), moneyText(credited)],
    moneyText(charged - credited),
  ])
  const exact = payable === total ? '' : ` (exactly ${moneyText(total)})`
  const heading = ['type', 'to', 'price', 'messages', 'charged', 'undelivered', 'credited', 'amount']
  return `${table(heading, rows)}\n\n${customer}, ${month}${soFar}: ${moneyText(payable)} ${currency}${exact}`
}

export function billsText(bills: readonly MonthlyBill[]): string {
  const rows = bills.map(({ customer, lines, payable, currency, complete }) => [
    customer,
    count(lines.reduce((sum, { messages }) => sum + messages, 0)),
    count(lines.reduce((sum, { undelivered }) => sum + undelivered, 0)),
    `${moneyText(payable)} ${currency}`,
    complete ? '' : 'so far',
  ])
  return rows.length === 0 ? 'There are no customers.' : table(['customer', 'messages', 'undelivered', 'to pay', ''], rows)
}

/** A bill for `--json`. Amounts are texts, because they are exact. */
export function billJson({
  customer,
  month,
  timeZone,
  complete,
  currency,
  lines,
  charged,
  credited,
  total,
  payable,
}: MonthlyBill) {
  const shown = lines.map((line) => ({
    ...line,
    price: moneyText(line.price),
    charged: moneyText(line.charged),
    credited: moneyText(line.credited),
  }))
  const sums = {
    charged: moneyText(charged),
    credited: moneyText(credited),
    total: moneyText(total),
    payable: moneyText(payable),
  }
  return { customer, month, timeZone, complete, currency, lines: shown, ...sums }
}

export function writtenText(bills: number, lines: number): string {
  return `Wrote ${quantity(lines, 'line')} of ${quantity(bills, 'bill')}.`
}
