import { regionPrices } from './aws-price-table.ts'
import { costOf, type Dollars, type Quantity, type Rate, rateOf } from './dollars.ts'

/** AWS's price estimates use a month of 730 hours. */
export const hoursAMonth = 730

const million = 1_000_000

/** What each price is for: how many of what. */
export const priceUnits = {
  balancerHour: [1, 'hour'],
  balancerUnitHour: [1, 'LCU and hour'],
  natHour: [1, 'hour'],
  natGigabyte: [1, 'GB'],
  /** For each zone. */
  endpointHour: [1, 'zone and hour'],
  endpointGigabyte: [1, 'GB'],
  publicAddressHour: [1, 'hour'],
  internetGigabyte: [1, 'GB'],
  /** In each direction. */
  zoneGigabyte: [1, 'GB'],
  /** On ARM, as the two that follow. */
  fargateCpuHour: [1, 'vCPU and hour'],
  fargateGigabyteHour: [1, 'GB and hour'],
  functionGigabyteSecond: [1, 'GB-second'],
  functionCall: [million, 'calls'],
  /** Of a REST API. */
  apiCall: [million, 'calls'],
  queueRequest: [million, 'requests'],
  /** DynamoDB on demand, as the two that follow. */
  tableWrite: [million, 'write units'],
  tableRead: [million, 'read units'],
  tableGigabyteMonth: [1, 'GB and month'],
  secretMonth: [1, 'month'],
  keyMonth: [1, 'month'],
  keyRequest: [10_000, 'requests'],
  diskGigabyteMonth: [1, 'GB and month'],
  bucketGigabyteMonth: [1, 'GB and month'],
  bucketPut: [1_000, 'requests'],
  logGigabyte: [1, 'GB'],
  alarmMonth: [1, 'metric and month'],
  /** Of an alarm that reads more often than each minute. */
  fastAlarmMonth: [1, 'metric and month'],
  metricMonth: [1, 'metric and month'],
  /** Metrics that `GetMetricData` is asked for. */
  metricRead: [1_000, 'metrics'],
  aclMonth: [1, 'month'],
  ruleMonth: [1, 'month'],
  firewallRequest: [million, 'requests'],
} as const satisfies Readonly<Record<string, readonly [per: number, unit: string]>>

export type PriceKey = keyof typeof priceUnits
/** Prices by a class of machines, for an hour. */
export const machineKeys = ['registryHour', 'databaseHour'] as const
export type MachineKey = (typeof machineKeys)[number]

/** How a price is known. */
export const evidences = ['list', 'bill', 'page', 'file'] as const
/** `list`: AWS's price list, read on a day. `bill`: a bill by usage type. `page`: a published page. `file`: yours. */
export type Evidence = (typeof evidences)[number]

/** One price tier: what counts above the tiers before it, up to `upTo`. `undefined`: everything above. */
export interface PriceTier {
  readonly upTo: Quantity | undefined
  readonly rate: Rate
}

export interface Price {
  readonly key: PriceKey | MachineKey
  /** The class of a machine; '' for all others. */
  readonly machine: string
  /** In ascending order. */
  readonly tiers: readonly PriceTier[]
  readonly source: string
  /** The day on which it was read, or the month. */
  readonly date: string
  readonly evidence: Evidence
}

/** What a price is for: `million requests`. */
export function unitOf(key: PriceKey | MachineKey): readonly [per: number, unit: string] {
  return key === 'registryHour' || key === 'databaseHour' ? [1, 'hour'] : priceUnits[key]
}

/** What some of something cost, if so much was counted before: tiers are for a month of an account. */
export function tieredCost({ tiers }: Price, quantity: Quantity, before: Quantity = 0n): Dollars {
  let [cost, from, left] = [0n, before, quantity]
  for (const { upTo, rate } of tiers) {
    const room = upTo === undefined ? left : upTo - from
    const here = room < left ? room : left
    if (here <= 0n) continue
    cost += costOf(rate, here)
    from += here
    left -= here
  }
  return cost
}

/** A price as it is written: dollars, or tiers of them. */
export type WrittenPrice = string | readonly { readonly upTo?: number; readonly dollars: string }[]

/** Prices with one source. */
export interface PriceGroup {
  readonly source: string
  readonly date: string
  readonly evidence: Evidence
  readonly prices: Readonly<Partial<Record<PriceKey, WrittenPrice>>>
  readonly registryHour?: Readonly<Record<string, string>>
  readonly databaseHour?: Readonly<Record<string, string>>
}

function tiersOf(written: WrittenPrice, per: number): PriceTier[] {
  const tiers = typeof written === 'string' ? [{ dollars: written }] : written
  return tiers.map(({ dollars, ...tier }) => ({
    upTo: 'upTo' in tier && tier.upTo !== undefined ? BigInt(tier.upTo) * 1_000_000n : undefined,
    rate: rateOf(dollars, per),
  }))
}

export const priceKeys = Object.keys(priceUnits).filter((key): key is PriceKey => Object.hasOwn(priceUnits, key))

function pricesIn(group: PriceGroup): Price[] {
  const { source, date, evidence } = group
  const plain = priceKeys.flatMap((key): Price[] => {
    const written = group.prices[key]
    if (written === undefined) return []
    return [{ key, machine: '', tiers: tiersOf(written, priceUnits[key][0]), source, date, evidence }]
  })
  const machines = machineKeys.flatMap((key) =>
    Object.entries(group[key] ?? {}).map(([machine, dollars]) => ({
      ...{ key, machine, tiers: tiersOf(dollars, 1) },
      ...{ source, date, evidence },
    })),
  )
  return [...plain, ...machines]
}

/** The prices of a region. A price that is missing is unknown, and is never taken from another region. */
export class Prices {
  readonly region: string
  /** The source and date in a few words. */
  readonly source: string
  readonly #prices: ReadonlyMap<string, Price>

  constructor(region: string, source: string, groups: readonly PriceGroup[]) {
    this.region = region
    this.source = source
    // A later group overrules the groups before it.
    this.#prices = new Map(groups.flatMap(pricesIn).map((price) => [`${price.key} ${price.machine}`, price]))
  }

  of(key: PriceKey): Price | undefined {
    return this.#prices.get(`${key} `)
  }

  /** The price of a class of machines for an hour. */
  machine(key: MachineKey, name: string): Price | undefined {
    return this.#prices.get(`${key} ${name}`)
  }

  /** What some of something cost; `undefined`: the price is unknown. */
  cost(key: PriceKey, quantity: Quantity): Dollars | undefined {
    const price = this.of(key)
    return price && tieredCost(price, quantity)
  }
}

/** Prices of a file, which overrule those of the table. */
export interface OwnPrices extends PriceGroup {
  /** The only region that they are for; absent: any. */
  readonly region?: string | undefined
}

/** The prices of a region; for a region without a list, those that are the same everywhere. */
export function pricesOf(region: string, own?: OwnPrices): Prices {
  const { source, groups } = regionPrices(region)
  if (own === undefined) return new Prices(region, source, groups)
  return new Prices(region, `${own.source}, ${own.date}; otherwise ${source}`, [...groups, own])
}
