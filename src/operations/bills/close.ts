import type { BillDraft, ClosedBill, UsedPrices } from '../../domain/closed-bill.ts'
import { billText } from '../../domain/closed-bill.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { type PriceList, priceListDigest } from '../../domain/price-list.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { countsKeptMs, hourMs } from '../../domain/usage.ts'
import type { Actor, OperatorRegistry } from '../../registry/index.ts'
import { type MonthlyBill, monthAfter, monthlyBills, ofClosed } from './month.ts'
import { storedBill } from './stored.ts'

/** Gateways whose clocks are late still count in the last hour of a month for two hours (`registry/dynamodb/counts.ts`). */
const closableAfterMs = 3 * hourMs
/** Months that are looked at for a bill before this one: as many as usage is kept for. */
const monthsBefore = 14

export interface Closing {
  readonly list: PriceList
  /** The name of the price list's file. */
  readonly file: string
  /** Absent: each of them. */
  readonly customer: string | undefined
  readonly month: string
  /** Messages of the month that have not ended are credited on a later bill if they are not delivered. */
  readonly allowOpen: boolean
  readonly reason: string | undefined
}

/** A bill that is closed now. */
export interface ClosingResult {
  readonly bill: MonthlyBill
  /** It was closed before, and nothing was changed. */
  readonly already: boolean
  /** It was closed before with other prices. */
  readonly otherPrices: boolean
}

/** What is about to be closed: bills that can be, and those that are closed. Nothing was changed yet. */
export interface ClosingPlan {
  readonly closing: Closing
  readonly prices: UsedPrices
  readonly bills: readonly MonthlyBill[]
}

function refuse(what: string, next: ConstructorParameters<typeof Problem>[2]): never {
  throw new Problem('input-invalid', what, next)
}

/** Bills are closed in the order of their months, so that each begins where the one before ended. */
async function refuseGap(registry: OperatorRegistry, { customer, month }: MonthlyBill): Promise<void> {
  const before = Array.from({ length: monthsBefore }, (_, at) => monthAfter(month, -1 - at))
  const closed = await Promise.all(before.map((one) => storedBill(registry, customer, one)))
  const last = closed.findIndex((one) => one !== undefined)
  if (last <= 0) return
  const missing = monthAfter(month, -last)
  refuse(`The bill of ${customer} for ${missing} is not closed, and the one for ${monthAfter(missing, -1)} is.`, {
    next: apigw('bill close', customer, '--month', missing, '--prices', 'FILE'),
  })
}

function refuseIncomplete(bills: readonly MonthlyBill[], { month, allowOpen }: Closing, now: number): void {
  const early = bills.find(({ period }) => period.end + closableAfterMs > now)
  if (early !== undefined) {
    refuse(`${month} is not over for ${early.customer}: it ends at ${new Date(early.period.end).toISOString()}.`, {
      next: 'close the bill three hours after the end of the month, when all gateways have counted',
    })
  }
  const old = bills.find(({ period }) => period.start < now - countsKeptMs)
  if (old !== undefined) refuse(`The usage of ${old.customer} in ${month} is no longer complete: it is kept for 13 months.`, {})
  const open = bills.filter((bill) => bill.open > 0)
  const [first] = open
  if (first === undefined || allowOpen) return
  const others = open.length === 1 ? '' : ` So have ${quantity(open.length - 1, 'other customer')}.`
  const next = step`wait for their reports, or add --allow-open: what fails is credited on a later bill. See ${apigw('usage show', first.customer, '--from', month)}`
  refuse(`${first.customer} has ${quantity(first.open, 'message')} of ${month} without an outcome.${others}`, { next })
}

/**
 * Makes the bills of a month that is over. What cannot be closed is found here, for all customers, before anything is.
 * @throws Problem `customer-unknown`; `input-invalid` for a month that is not over, messages without outcomes or without a price, and a
 *   month before that is not closed
 */
export async function planClosing(registry: OperatorRegistry, closing: Closing): Promise<ClosingPlan> {
  const { list, file, customer, month } = closing
  const bills = await monthlyBills(registry, () => list, customer, month)
  const fresh = bills.filter(({ closed }) => closed === undefined)
  refuseIncomplete(fresh, closing, await registry.now())
  for (const bill of fresh) await refuseGap(registry, bill)
  return { closing, prices: { digest: priceListDigest(list), file }, bills }
}

function draftOf(bill: MonthlyBill, prices: UsedPrices): BillDraft {
  const { customer, currency, lines, charged, credited, total, payable, month, timeZone, period, open } = bill
  const made = { customer, currency, lines, charged, credited, total, payable, month, timeZone, open, prices }
  return { ...made, from: period.start, until: period.end }
}

/** Another operator was first: theirs is the bill. */
async function closedByOthers(registry: OperatorRegistry, customer: string, month: string): Promise<ClosedBill> {
  const closed = await storedBill(registry, customer, month)
  if (closed !== undefined) return closed
  throw new Problem('registry-unavailable', `The bill of ${customer} for ${month} could not be closed.`, {
    next: 'run the command again',
  })
}

/**
 * Closes what `planClosing` made, one bill at a time. A bill that is closed already is answered with what was decided then. An
 * interruption leaves some closed, and the next run closes the rest.
 */
export async function closeBills(
  { registry, actor }: { readonly registry: OperatorRegistry; readonly actor: Actor },
  { closing, prices, bills }: ClosingPlan,
  dryRun: boolean,
): Promise<ClosingResult[]> {
  const results: ClosingResult[] = []
  for (const bill of bills) {
    const { customer, month } = bill
    const draft = draftOf(bill, prices)
    let { closed } = bill
    let already = closed !== undefined
    if (closed === undefined) {
      const change = { kind: 'closeBill', customer, month, bill: billText(draft) } as const
      const why = closing.reason === undefined ? {} : { reason: closing.reason }
      already = !(await registry.change({ ...change, ...why }, actor)).done
      const made = { ...draft, closedAt: await registry.now(), closedBy: actor.who, closedFrom: actor.from, ...why }
      closed = dryRun && !already ? made : await closedByOthers(registry, customer, month)
    }
    results.push({ bill: ofClosed(closed), already, otherPrices: already && closed.prices.digest !== prices.digest })
  }
  return results
}
