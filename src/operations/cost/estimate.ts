import { type OwnPrices, type Prices, pricesOf } from '../../domain/aws-prices.ts'
import { type CostLine, type CostSum, Meter, sumLines } from '../../domain/cost-lines.ts'
import type { Traffic } from '../../domain/cost-traffic.ts'
import { type Shape, scheduledLines, useLines } from '../../domain/cost-use.ts'
import { type Dollars, quantityOf, shareOf } from '../../domain/dollars.ts'
import { outlineStage, type StackOutline, type Stage, type StandingPart, standingParts } from '../stacks/index.ts'
import { shapeOf } from './shape.ts'

/** A stage as far as its cost needs it: read once, and priced for any traffic. */
export interface StageCosts {
  readonly stacks: readonly StackOutline[]
  readonly shape: Shape
  readonly parts: readonly StandingPart[]
}

/** @throws Problem `config-invalid`, as `deploy` does */
export async function stageCosts(stage: Stage, root: string): Promise<StageCosts> {
  const stacks = await outlineStage(stage, [], root)
  return { stacks, shape: shapeOf(stacks), parts: standingParts(stacks) }
}

export interface Pricing {
  readonly prices: Prices
  readonly freeTier: boolean
}

/** The bill of a month, line by line. */
export function linesFor({ shape, parts }: StageCosts, traffic: Traffic, { prices, freeTier }: Pricing): readonly CostLine[] {
  const meter = new Meter(prices, { freeTier })
  for (const { service, what, charges } of parts) meter.add({ kind: 'standing', service, what, charges })
  for (const line of scheduledLines(shape, traffic)) meter.add(line)
  for (const line of useLines(shape, traffic)) meter.add(line)
  return meter.lines
}

/** What a customer costs: in proportion to its messages. */
export interface CustomerCost {
  /** `null`: each of the customers, which are only counted. */
  readonly customer: string | null
  readonly messages: number
  readonly use: Dollars
  readonly standing: Dollars
}

export interface Estimate {
  readonly region: string
  readonly source: string
  readonly freeTier: boolean
  readonly traffic: Traffic
  readonly lines: readonly CostLine[]
  readonly standing: CostSum
  readonly use: CostSum
  readonly total: CostSum
  /** `null`: there are no messages. */
  readonly aMillion: { readonly use: Dollars; readonly total: Dollars } | null
  readonly customers: readonly CustomerCost[]
}

const million = quantityOf(1_000_000)

function customersOf({ messages, messagesOf, customers }: Traffic, use: Dollars, standing: Dollars): CustomerCost[] {
  const whole = quantityOf(messages)
  const named = Object.entries(messagesOf)
  if (named.length === 0) {
    const [part, all] = [quantityOf(1), quantityOf(customers)]
    const each = { use: shareOf(use, part, all), standing: shareOf(standing, part, all) }
    return [{ customer: null, messages: Math.round(messages / customers), ...each }]
  }
  return named
    .sort(([, a], [, b]) => b - a)
    .map(([customer, own]) => ({
      customer,
      messages: own,
      use: shareOf(use, quantityOf(own), whole),
      standing: shareOf(standing, quantityOf(own), whole),
    }))
}

export interface Asked {
  readonly stage: Stage
  readonly region: string
  readonly traffic: Traffic
  readonly own?: OwnPrices | undefined
  readonly freeTier: boolean
}

/** What a month of traffic costs in a stage. */
export function estimate(costs: StageCosts, { region, traffic, own, freeTier }: Omit<Asked, 'stage'>): Estimate {
  const prices = pricesOf(region, own)
  const lines = linesFor(costs, traffic, { prices, freeTier })
  const [standing, use] = (['standing', 'use'] as const).map((kind) => sumLines(lines.filter((line) => line.kind === kind)))
  if (standing === undefined || use === undefined) throw new Error('A kind of line is missing.')
  const total = sumLines(lines)
  const messages = quantityOf(traffic.messages)
  const each = (dollars: Dollars): Dollars => shareOf(dollars, million, messages)
  return {
    ...{ region, source: prices.source, freeTier, traffic, lines, standing, use, total },
    aMillion: traffic.messages === 0 ? null : { use: each(use.dollars), total: each(total.dollars) },
    customers: customersOf(traffic, use.dollars, standing.dollars),
  }
}
