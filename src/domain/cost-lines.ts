import type { Price, PriceKey, Prices } from './aws-prices.ts'
import { tieredCost } from './aws-prices.ts'
import { type Charge, priceOfCharge } from './cost-charges.ts'
import { type Dollars, type Quantity, quantityOf, sumOf } from './dollars.ts'

/** `standing`: billed without a single message. `use`: billed by traffic. */
export type CostKind = 'standing' | 'use'

/** A charge with its price. */
export interface PricedCharge {
  readonly charge: Charge
  /** What the free tier takes off. */
  readonly free: Quantity
  /** `undefined`: the price is unknown, and so are the dollars. */
  readonly price: Price | undefined
  readonly dollars: Dollars | undefined
}

/** One line of a bill. */
export interface CostLine {
  readonly kind: CostKind
  /** As AWS's bill names it, such as `SQS`. */
  readonly service: string
  readonly what: string
  /** How the quantity comes about, in words. */
  readonly why: string
  readonly charges: readonly PricedCharge[]
  /** `undefined`: a price is unknown. */
  readonly dollars: Dollars | undefined
}

export interface LineToAdd {
  readonly kind: CostKind
  readonly service: string
  readonly what: string
  readonly why?: string
  /** `undefined`: nothing is known of its price. */
  readonly charges: readonly Charge[] | undefined
}

/**
 * What AWS gives each account for good, a month: SQS (https://aws.amazon.com/sqs/pricing/), Lambda (/lambda/pricing/), CloudWatch
 * (/cloudwatch/pricing/: ten alarm metrics, ten metrics, 5 GB of logs), DynamoDB (25 GB), 100 GB to the internet, KMS (20,000
 * requests). What is free for a year only is not here, nor are reads of metrics, which are never free.
 */
export const freeTier: Readonly<Partial<Record<PriceKey, number>>> = {
  queueRequest: 1_000_000,
  functionCall: 1_000_000,
  functionGigabyteSecond: 400_000,
  alarmMonth: 10,
  metricMonth: 10,
  logGigabyte: 5,
  tableGigabyteMonth: 25,
  internetGigabyte: 100,
  keyRequest: 20_000,
}

/** Adds lines up as AWS does: price tiers and free tiers are for all lines with the same price, in their order. */
export class Meter {
  readonly #prices: Prices
  readonly #free: Map<string, Quantity>
  readonly #billed = new Map<string, Quantity>()
  readonly #lines: CostLine[] = []

  constructor(prices: Prices, { freeTier: isFree = false }: { readonly freeTier?: boolean } = {}) {
    this.#prices = prices
    this.#free = new Map(isFree ? Object.entries(freeTier).map(([key, count]) => [key, quantityOf(count)]) : [])
  }

  get lines(): readonly CostLine[] {
    return this.#lines
  }

  add({ kind, service, what, why = '', charges = [] }: LineToAdd): void {
    const priced = charges.map((charge) => this.#priced(charge))
    const known = priced.flatMap(({ dollars }) => (dollars === undefined ? [] : [dollars]))
    const isKnown = charges.length > 0 && known.length === charges.length
    this.#lines.push({ kind, service, what, why, charges: priced, dollars: isKnown ? sumOf(known) : undefined })
  }

  #priced(charge: Charge): PricedCharge {
    const { key, quantity } = charge
    const left = this.#free.get(key) ?? 0n
    const free = left < quantity ? left : quantity
    this.#free.set(key, left - free)
    const price = priceOfCharge(charge, this.#prices)
    const before = this.#billed.get(key) ?? 0n
    this.#billed.set(key, before + quantity - free)
    // Nothing of it costs nothing, whatever its price.
    const dollars = quantity === free ? 0n : price && tieredCost(price, quantity - free, before)
    return { charge, free, price, dollars }
  }
}

/** A sum, and whether a price is unknown, so that it is only the least. */
export interface CostSum {
  readonly dollars: Dollars
  readonly atLeast: boolean
}

export function sumLines(lines: readonly CostLine[]): CostSum {
  const known = lines.flatMap(({ dollars }) => (dollars === undefined ? [] : [dollars]))
  return { dollars: sumOf(known), atLeast: known.length < lines.length }
}

/** The sums of each service, dearest first. */
export function sumByService(lines: readonly CostLine[]): readonly { readonly service: string; readonly sum: CostSum }[] {
  const groups = Map.groupBy(lines, ({ service }) => service)
  const sums = [...groups].map(([service, some]) => ({ service, sum: sumLines(some) }))
  return sums.sort((a, b) => (a.sum.dollars === b.sum.dollars ? 0 : a.sum.dollars < b.sum.dollars ? 1 : -1))
}

/** The prices that lines need and that are unknown: what a file of prices has to say. */
export function missingPrices(lines: readonly CostLine[]): string[] {
  const missing = lines.flatMap(({ charges }) => charges.filter(({ dollars }) => dollars === undefined))
  return [...new Set(missing.map(({ charge }) => ('machine' in charge ? `${charge.key} of ${charge.machine}` : charge.key)))]
}

/** The quantities whose price is unknown, by price. */
function unknownOf(lines: readonly CostLine[]): Map<string, Quantity> {
  const found = new Map<string, Quantity>()
  for (const { service, what, charges } of lines) {
    if (charges.length === 0) found.set(`${service} ${what}`, 0n)
    for (const { charge, dollars } of charges) {
      if (dollars !== undefined) continue
      const name = 'machine' in charge ? `${charge.key} ${charge.machine}` : charge.key
      found.set(name, (found.get(name) ?? 0n) + charge.quantity)
    }
  }
  return found
}

/**
 * Compares what two options cost: negative if the first costs less. What both have as much of cancels out, whatever its price.
 * @returns `undefined` if they differ in something whose price is unknown
 */
export function compareLines(first: readonly CostLine[], second: readonly CostLine[]): number | undefined {
  const [one, other] = [unknownOf(first), unknownOf(second)]
  const isSame = one.size === other.size && [...one].every(([name, quantity]) => other.get(name) === quantity)
  if (!isSame) return undefined
  const known = (lines: readonly CostLine[]): Dollars =>
    sumOf(lines.flatMap(({ charges }) => charges.flatMap(({ dollars }) => (dollars === undefined ? [] : [dollars]))))
  const difference = known(first) - known(second)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
