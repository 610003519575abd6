import { hoursAMonth, type Prices, pricesOf } from './prices.ts'

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

function dollarsACall({ writes, reads }: CallUnits, { tableWrite, tableRead }: Prices): number | undefined {
  return tableWrite === undefined || tableRead === undefined ? undefined : writes * tableWrite + reads * tableRead
}

/** The price of a registry in DynamoDB by calls, and how many calls a month the nodes of a small stage cost as much as. */
export function registryCost(price: Prices): RegistryCost {
  const perCall = dollarsACall(registryCallUnits.withKey, price)
  if (perCall === undefined) return { dollarsAMillionCalls: null, redisIsCheaperAbove: null }
  const hour = price.registryHour[smallNode]
  return {
    dollarsAMillionCalls: Math.round(perCall * million * 100) / 100,
    redisIsCheaperAbove: hour === undefined ? null : Math.round((smallNodes * hour * hoursAMonth) / perCall / 100_000) * 100_000,
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
  const price = pricesOf(region)
  const perCall = dollarsACall(units, price)
  const hour = price.registryHour[smallNode]
  if (perCall === undefined || hour === undefined) return undefined
  const nodeMonth = hour * hoursAMonth
  return { perMillionCalls: perCall * million, node: smallNode, nodeMonth, callsAMonth: nodeMonth / perCall }
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
