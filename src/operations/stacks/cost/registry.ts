import { hoursAMonth, type Prices, pricesOf } from '../../../domain/aws-prices.ts'
import { costOfCharges } from '../../../domain/cost-charges.ts'
import { dollarsNumber, quantityOf } from '../../../domain/dollars.ts'

/** What DynamoDB counts for one call: write units of 1 KB, and read units of 4 KB with strong consistency. */
export interface CallUnits {
  readonly writes: number
  readonly reads: number
}

/**
 * What a call takes with the registry in DynamoDB: its admission and its settlement, with books of less than 1 KB. A test counts
 * them with the emulator.
 */
export const registryCallUnits = {
  /** Without an Idempotency-Key, and with no other call of the customer within half a second. */
  alone: { writes: 2, reads: 3 },
  /** With an Idempotency-Key, which most calls should have. */
  withKey: { writes: 3, reads: 6 },
} as const satisfies Readonly<Record<string, CallUnits>>

const million = 1_000_000
/** The node that a small stage has. */
const smallNode = 'cache.t4g.micro'

/** Redis nodes of a small stage. */
const smallNodes = 2

/** What a registry in DynamoDB costs, beside one in Redis. */
export interface RegistryCost {
  /** Of calls with an Idempotency-Key; `null`: a price is unknown. */
  readonly dollarsAMillionCalls: number | null
  /** Calls a month above which the nodes of a small stage cost less. */
  readonly redisIsCheaperAbove: number | null
}

/** Dollars of a million calls; `undefined`: a price is unknown. */
function millionCalls({ writes, reads }: CallUnits, prices: Prices): number | undefined {
  const units = [['tableWrite', writes] as const, ['tableRead', reads] as const]
  const charges = units.map(([key, each]) => ({ key, quantity: quantityOf(each * million) }))
  const dollars = costOfCharges(charges, prices)
  return dollars === undefined ? undefined : dollarsNumber(dollars, 6)
}

/** Dollars of some nodes a month; `undefined`: the price is unknown. */
function nodesMonth(count: number, prices: Prices): number | undefined {
  const quantity = quantityOf(count * hoursAMonth)
  const dollars = costOfCharges([{ key: 'registryHour', machine: smallNode, quantity }], prices)
  return dollars === undefined ? undefined : dollarsNumber(dollars, 6)
}

/** The price of a registry in DynamoDB by calls, and how many calls a month the nodes of a small stage cost as much as. */
export function registryCost(prices: Prices): RegistryCost {
  const perMillion = millionCalls(registryCallUnits.withKey, prices)
  if (perMillion === undefined) return { dollarsAMillionCalls: null, redisIsCheaperAbove: null }
  const nodes = nodesMonth(smallNodes, prices)
  return {
    dollarsAMillionCalls: Math.round(perMillion * 100) / 100,
    redisIsCheaperAbove: nodes === undefined ? null : Math.round(((nodes / perMillion) * million) / 100_000) * 100_000,
  }
}

/** DynamoDB beside one small node of Redis. Dollars. */
export interface RegistryBreakEven {
  readonly perMillionCalls: number
  readonly node: string
  readonly nodeMonth: number
  /** Above so many calls a month the node costs less. */
  readonly callsAMonth: number
}

/**
 * At how many calls a month a registry in DynamoDB costs as much as one small node of Redis.
 * @returns `undefined` for a region whose prices are not known
 */
export function registryBreakEven(region: string, units: CallUnits = registryCallUnits.alone): RegistryBreakEven | undefined {
  const prices = pricesOf(region)
  const [perMillionCalls, nodeMonth] = [millionCalls(units, prices), nodesMonth(1, prices)]
  if (perMillionCalls === undefined || nodeMonth === undefined) return undefined
  return { perMillionCalls, node: smallNode, nodeMonth, callsAMonth: (nodeMonth / perMillionCalls) * million }
}

/**
 * The break-even in one line, for the cost of a stage whose registry is in DynamoDB.
 * @returns `undefined` for a region whose prices are not known
 */
export function registryBreakEvenText(region: string): string | undefined {
  const plain = registryBreakEven(region)
  const keyed = registryBreakEven(region, registryCallUnits.withKey)
  if (plain === undefined || keyed === undefined) return undefined
  const dollars = (value: number): string => `$${value.toFixed(2)}`
  const millions = (calls: number): string => `${(calls / million).toFixed(1)} million`
  return `registry in DynamoDB: ${dollars(plain.perMillionCalls)} per million calls, ${dollars(keyed.perMillionCalls)} with an Idempotency-Key; one ${plain.node} (${dollars(plain.nodeMonth)}) costs less above ${millions(plain.callsAMonth)} calls per month, or ${millions(keyed.callsAMonth)} with keys`
}
