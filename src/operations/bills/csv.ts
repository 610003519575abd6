import { csvText } from '../../domain/csv-text.ts'
import { moneyText } from '../../domain/price-list.ts'
import type { MonthlyBill } from './month.ts'

const billColumns = [
  'month',
  'customer',
  'type',
  'destination',
  'price',
  'messages',
  'charged',
  'undelivered',
  'credited',
  'amount',
  'currency',
  'accepted_in',
]

/** Bills as CSV, a line of the file for each line of a bill, with a heading. */
export function* billCsv(bills: readonly MonthlyBill[]): Generator<{ text: string; lines: number }> {
  yield { text: csvText([billColumns]), lines: 0 }
  for (const { month, customer, currency, lines } of bills) {
    const rows = lines.map(({ accepted, type, destination, price, messages, charged, undelivered, credited }) => [
      ...[month, customer, type, destination, moneyText(price), messages, moneyText(charged), undelivered],
      ...[moneyText(credited), moneyText(charged - credited), currency, accepted],
    ])
    if (rows.length > 0) yield { text: csvText(rows), lines: rows.length }
  }
}
