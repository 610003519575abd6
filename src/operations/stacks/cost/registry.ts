import { hoursAMonth, pricesOf } from './prices.ts'

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
export function registryBreakEven(
  region: string,
  { writes, reads }: CallUnits = registryCallUnits.alone,
): RegistryBreakEven | undefined {
  const { tableWrite, tableRead, registryHour } = pricesOf(region)
  const hour = registryHour[smallNode]
  if (tableWrite === undefined || tableRead === undefined || hour === undefined) return undefined
  const perCall = writes * tableWrite + reads * tableRead
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
