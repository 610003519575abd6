import { moneyText } from '../domain/price-list.ts'
import { quantity } from '../domain/quantity.ts'
import type { ClosingResult, ListedBill, MonthlyBill } from '../operations/bills/index.ts'
import { count, iso, table } from './output.ts'

/** The month in which messages were accepted, where it is not that of the bill. */
function earlier(month: string, accepted: string): string {
  return accepted === month ? '' : `from ${accepted}`
}

function closedText({ closed }: MonthlyBill): string {
  if (closed === undefined) return ''
  const { closedAt, closedBy, prices, reason, open } = closed
  const left = open === 0 ? '' : ` ${quantity(open, 'message')} had no outcome.`
  const why = reason === undefined ? '' : ` (${reason})`
  return `\nClosed ${iso(closedAt)} by ${closedBy}${why}, with ${prices.file} ${prices.digest.slice(0, 19)}.${left}`
}

export function billText(bill: MonthlyBill): string {
  const { customer, month, currency, lines, payable, total, complete } = bill
  const soFar = complete ? '' : ' so far'
  if (lines.length === 0) return `${customer} has nothing to pay for ${month}${soFar}.${closedText(bill)}`
  const rows = lines.map(({ accepted, type, destination, price, messages, charged, undelivered, credited }) => [
    ...[type, destination, moneyText(price), count(messages), moneyText(charged), count(undelivered), moneyText(credited)],
    ...[moneyText(charged - credited), earlier(month, accepted)],
  ])
  const exact = payable === total ? '' : ` (exactly ${moneyText(total)})`
  const heading = ['type', 'to', 'price', 'messages', 'charged', 'undelivered', 'credited', 'amount', '']
  const sum = `${customer}, ${month}${soFar}: ${moneyText(payable)} ${currency}${exact}`
  return `${table(heading, rows)}\n\n${sum}${closedText(bill)}`
}

function stateOf({ complete, closed }: MonthlyBill): string {
  if (closed !== undefined) return 'closed'
  return complete ? '' : 'so far'
}

export function billsText(bills: readonly MonthlyBill[]): string {
  const rows = bills.map((bill) => [
    bill.customer,
    count(bill.lines.reduce((sum, { messages }) => sum + messages, 0)),
    count(bill.lines.reduce((sum, { undelivered }) => sum + undelivered, 0)),
    `${moneyText(bill.payable)} ${bill.currency}`,
    stateOf(bill),
  ])
  return rows.length === 0 ? 'There are no customers.' : table(['customer', 'messages', 'undelivered', 'to pay', ''], rows)
}

/** A bill for `--json`. Amounts are texts, because they are exact. */
export function billJson({
  customer,
  month,
  timeZone,
  period,
  complete,
  open,
  currency,
  lines,
  charged,
  credited,
  total,
  payable,
  closed,
}: MonthlyBill) {
  const shown = lines.map(({ accepted, ...line }) => ({
    ...line,
    price: moneyText(line.price),
    charged: moneyText(line.charged),
    credited: moneyText(line.credited),
    acceptedIn: accepted,
  }))
  const sums = {
    charged: moneyText(charged),
    credited: moneyText(credited),
    total: moneyText(total),
    payable: moneyText(payable),
  }
  const made = closed && {
    at: iso(closed.closedAt),
    by: closed.closedBy,
    from: closed.closedFrom,
    reason: closed.reason ?? null,
    prices: closed.prices,
  }
  const when = { from: iso(period.start), until: iso(period.end), complete, open }
  return { customer, month, timeZone, ...when, currency, lines: shown, ...sums, closed: made ?? null }
}

export function writtenText(bills: number, lines: number): string {
  return `Wrote ${quantity(lines, 'line')} of ${quantity(bills, 'bill')}.`
}

/** What became of one bill. */
export function closingText({ bill, already, otherPrices }: ClosingResult, dryRun: boolean): string {
  const { customer, month, payable, currency, closed } = bill
  const amount = `${moneyText(payable)} ${currency}`
  if (!already) return `${customer}: ${dryRun ? 'would close' : 'closed'} ${month}, ${amount}`
  const list = otherPrices ? `, with a different price list: ${closed?.prices.file} ${closed?.prices.digest.slice(0, 19)}` : ''
  return `${customer}: ${month} was closed ${iso(closed?.closedAt)}, ${amount}${list}`
}

export function closingJson({ bill, already, otherPrices }: ClosingResult) {
  return { ...billJson(bill), alreadyClosed: already, otherPrices }
}

export function listedText(bills: readonly ListedBill[]): string {
  if (bills.length === 0) return 'There are no bills.'
  const rows = bills.map(({ customer, month, bill }) => [
    ...[customer, month],
    ...(bill === undefined
      ? ['', 'not closed']
      : [`${moneyText(bill.payable)} ${bill.currency}`, iso(bill.closed?.closedAt) ?? '']),
  ])
  return table(['customer', 'month', 'to pay', 'closed'], rows)
}

export function listedJson({ customer, month, bill }: ListedBill) {
  const amount =
    bill === undefined ? {} : { payable: moneyText(bill.payable), currency: bill.currency, closedAt: iso(bill.closed?.closedAt) }
  return { customer, month, closed: bill !== undefined, ...amount }
}
