/** AWS's price estimates use a month of 730 hours. */
export const hoursAMonth = 730

/** Prices in US dollars, as far as a published price is at hand. A missing price is shown as unknown. */
export interface Prices {
  /** The source and date of the prices. */
  readonly source: string
  readonly balancerHour?: number
  readonly balancerUnitHour?: number
  readonly natHour?: number
  readonly natGigabyte?: number
  /** Per zone. */
  readonly endpointHour?: number
  readonly endpointGigabyte?: number
  readonly publicAddressHour?: number
  readonly internetGigabyte?: number
  readonly zoneGigabyte?: number
  /** On ARM. */
  readonly fargateCpuHour?: number
  readonly fargateGigabyteHour?: number
  readonly functionCall?: number
  /** On ARM. */
  readonly functionGigabyteSecond?: number
  readonly apiCall?: number
  readonly queueRequest?: number
  readonly tableWrite?: number
  readonly tableRead?: number
  readonly secretMonth?: number
  readonly keyMonth?: number
  readonly diskGigabyteMonth?: number
  readonly bucketGigabyteMonth?: number
  readonly logGigabyte?: number
  readonly alarmMonth?: number
  readonly fastAlarmMonth?: number
  readonly metricMonth?: number
  readonly aclMonth?: number
  readonly ruleMonth?: number
  readonly firewallRequest?: number
  /** By node type. */
  readonly registryHour: Readonly<Record<string, number>>
  /** By class, in one zone. */
  readonly databaseHour: Readonly<Record<string, number>>
}

const million = 1_000_000

/**
 * What costs the same in every region: keys (https://aws.amazon.com/kms/pricing/), the firewall ("consistent across all AWS
 * Regions", https://aws.amazon.com/blogs/networking-and-content-delivery/cost-effective-ways-for-securing-your-web-applications-using-aws-waf/;
 * https://aws.amazon.com/waf/pricing/), and alarms and custom metrics (https://aws.amazon.com/cloudwatch/pricing/). Read in
 * November 2026.
 */
const everywhere = {
  keyMonth: 1,
  aclMonth: 5,
  ruleMonth: 1,
  firewallRequest: 0.6 / million,
  alarmMonth: 0.1,
  fastAlarmMonth: 0.3,
  metricMonth: 0.3,
} as const

/**
 * The AWS price list by region.
 *
 * ap-northeast-2: the offer files (`index.csv`, published 2026-09-11 to 2026-10-02) for the balancer, NAT, endpoints, addresses,
 * Fargate and functions on ARM, RDS, disks, buckets, logs, queues and secrets; DynamoDB as of 2026-06-12; ElastiCache as of
 * 2026-08-03, for Redis OSS, which costs at least as much as Valkey.
 *
 * us-east-1: only prices with a published source of 2026. Others are left out, and are shown as unknown.
 */
const regions: Readonly<Record<string, Prices>> = {
  'ap-northeast-2': {
    ...everywhere,
    source: 'AWS price list of ap-northeast-2, October 2026',
    balancerHour: 0.0225,
    balancerUnitHour: 0.008,
    natHour: 0.059,
    natGigabyte: 0.059,
    endpointHour: 0.013,
    endpointGigabyte: 0.01,
    publicAddressHour: 0.005,
    internetGigabyte: 0.126,
    zoneGigabyte: 0.01,
    fargateCpuHour: 0.03725,
    fargateGigabyteHour: 0.00409,
    functionCall: 0.2 / million,
    functionGigabyteSecond: 0.0000133334,
    queueRequest: 0.4 / million,
    tableWrite: 0.68 / million,
    tableRead: 0.1355 / million,
    secretMonth: 0.4,
    diskGigabyteMonth: 0.131,
    bucketGigabyteMonth: 0.025,
    logGigabyte: 0.76,
    registryHour: { 'cache.t4g.micro': 0.024 },
    databaseHour: { 'db.t4g.micro': 0.025 },
  },
  'us-east-1': {
    ...everywhere,
    source: 'published prices of us-east-1, 2026',
    natHour: 0.045,
    natGigabyte: 0.045,
    endpointGigabyte: 0.01,
    internetGigabyte: 0.09,
    apiCall: 3.5 / million,
    queueRequest: 0.4 / million,
    tableWrite: 0.625 / million,
    tableRead: 0.125 / million,
    registryHour: {},
    databaseHour: {},
  },
}

/** The prices of a region; for a region without a list, those that are the same everywhere. */
export function pricesOf(region: string): Prices {
  const source = `no price list of ${region}; prices that are the same in every region`
  return (
    (Object.hasOwn(regions, region) ? regions[region] : undefined) ?? {
      ...everywhere,
      source,
      registryHour: {},
      databaseHour: {},
    }
  )
}
