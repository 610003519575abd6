/** AWS's price estimates use a month of 730 hours. */
export const hoursAMonth = 730

/** Prices in US dollars. A missing price is reported as not counted. */
export interface Prices {
  /** The source and date of the prices. */
  readonly source: string
  readonly balancerHour: number
  readonly natHour: number
  readonly natGigabyte: number
  /** Per zone. */
  readonly endpointHour: number
  readonly endpointGigabyte: number
  readonly publicAddressHour: number
  readonly fargateCpuHour: number
  readonly fargateGigabyteHour: number
  readonly secretMonth: number
  readonly diskGigabyteMonth: number
  /** By node type. */
  readonly registryHour: Readonly<Record<string, number>>
  /** By class, in one zone. */
  readonly databaseHour: Readonly<Record<string, number>>
}

/**
 * The AWS price list by region. Sources: the offer files of ap-northeast-2 (`index.csv`, published 2026-09-11 to
 * 2026-10-02) for the balancer, NAT, endpoints, addresses, Fargate on arm64, RDS, disks and secrets; ElastiCache as
 * of 2026-08-03, for Redis OSS, which costs at least as much as Valkey.
 */
export const prices: Readonly<Record<string, Prices>> = {
  'ap-northeast-2': {
    source: 'AWS price list of ap-northeast-2, October 2026',
    balancerHour: 0.0225,
    natHour: 0.059,
    natGigabyte: 0.059,
    endpointHour: 0.013,
    endpointGigabyte: 0.01,
    publicAddressHour: 0.005,
    fargateCpuHour: 0.03725,
    fargateGigabyteHour: 0.00409,
    secretMonth: 0.4,
    diskGigabyteMonth: 0.131,
    registryHour: { 'cache.t4g.micro': 0.024 },
    databaseHour: { 'db.t4g.micro': 0.025 },
  },
}
