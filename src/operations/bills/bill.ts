import { type Money, type PriceList, priceOf, rounded } from '../../domain/price-list.ts'
import { Problem } from '../../domain/problem.ts'
import { endings, type UsageLine } from '../../domain/usage-lines.ts'

/** What was charged and credited for messages of one type to one destination. */
export interface BillLine {
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

interface Counted {
  readonly type: string
  readonly destination: string
  messages: number
  undelivered: number
}

const notDelivered = endings.filter((ending) => ending !== 'delivered')

function add(groups: Map<string, Counted>, { type, destination, accepted, unsent, ended }: UsageLine): void {
  const name = `${type}|${destination}`
  const group = groups.get(name) ?? {
    type: type || 'unknown',
    destination: destination === '' ? 'unknown' : `+${destination}`,
    messages: 0,
    undelivered: 0,
  }
  group.messages += accepted.messages - unsent.messages
  for (const ending of notDelivered) group.undelivered += ended[ending].messages
  groups.set(name, group)
}

function priced(list: PriceList, customer: string, { type, destination, messages, undelivered }: Counted): BillLine {
  const price = priceOf(list, customer, type, destination)
  if (price === undefined) {
    throw new Problem('input-invalid', `The price list has no price for ${type} to ${destination}, which ${customer} sent.`, {
      next: `add a line with type ${type} and to "${destination === 'unknown' ? '*' : destination}" or "*"`,
    })
  }
  const [charged, credited] = [price * BigInt(messages), price * BigInt(undelivered)]
  return { type, destination, price, messages, charged, undelivered, credited }
}

/**
 * The bill for what a customer used. Live messages only: the test environment costs nothing.
 * @throws Problem `input-invalid` for messages without a price, before anything is shown
 */
export async function billOf(
  list: PriceList,
  customer: string,
  usage: AsyncIterable<UsageLine> | Iterable<UsageLine>,
): Promise<Bill> {
  const groups = new Map<string, Counted>()
  for await (const line of usage) if (line.reason === '' && line.environment === 'live') add(groups, line)
  const counted = [...groups.values()].filter(({ messages, undelivered }) => messages !== 0 || undelivered !== 0)
  const lines = counted
    .map((one) => priced(list, customer, one))
    .sort((a, b) => (`${a.type} ${a.destination}` < `${b.type} ${b.destination}` ? -1 : 1))
  const charged = lines.reduce((sum, line) => sum + line.charged, 0n)
  const credited = lines.reduce((sum, line) => sum + line.credited, 0n)
  const total = charged - credited
  return { customer, currency: list.currency, lines, charged, credited, total, payable: rounded(total, list.currency) }
}
