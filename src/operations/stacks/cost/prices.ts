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
 * The other regions have what a dated copy of the price list or of a bill says, and nothing that was derived from another region.
 * The rest is left out and shown as unknown.
 *
 * us-east-1: RDS, its disks, addresses and Fargate on ARM as read from the Price List API on 2026-09-26; ElastiCache for Valkey as read
 * on 2026-10-02; the balancer on 2026-09-09; secrets on 2026-08-01; DynamoDB on 2026-07-31; endpoints on 2026-06-01
 * (https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint); NAT and traffic in 2026
 * (https://cloudpipelines.pages.dev/guides/aws-nat-gateway-pricing-2026/); queues in March 2026
 * (https://cloudburn.io/blog/amazon-sqs-pricing).
 *
 * ap-northeast-1: NAT, endpoints and addresses as read from the Price List API on 2026-09-25; the balancer and Fargate on ARM on
 * 2026-08-27.
 *
 * eu-central-1: the bill of an account for June 2026, by usage type: the balancer, RDS, its disks, addresses and secrets.
 *
 * eu-west-1: bills of accounts by usage type: RDS in June 2026, the balancer and addresses in July 2026.
 *
 * ap-southeast-1: NAT as on the bill of an account for May 2025.
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
    source: 'published prices of us-east-1, March to October 2026',
    balancerHour: 0.0225,
    balancerUnitHour: 0.008,
    natHour: 0.045,
    natGigabyte: 0.045,
    endpointHour: 0.01,
    endpointGigabyte: 0.01,
    publicAddressHour: 0.005,
    internetGigabyte: 0.09,
    fargateCpuHour: 0.03238,
    fargateGigabyteHour: 0.00356,
    apiCall: 3.5 / million,
    queueRequest: 0.4 / million,
    tableWrite: 0.625 / million,
    tableRead: 0.125 / million,
    secretMonth: 0.4,
    diskGigabyteMonth: 0.115,
    registryHour: { 'cache.t4g.micro': 0.0128, 'cache.m7g.large': 0.1264 },
    databaseHour: { 'db.t4g.micro': 0.016 },
  },
  'ap-northeast-1': {
    ...everywhere,
    source: 'AWS price list of ap-northeast-1, August and September 2026',
    balancerHour: 0.0243,
    balancerUnitHour: 0.008,
    natHour: 0.062,
    natGigabyte: 0.062,
    endpointHour: 0.014,
    endpointGigabyte: 0.01,
    publicAddressHour: 0.005,
    fargateCpuHour: 0.04045,
    fargateGigabyteHour: 0.00442,
    registryHour: {},
    databaseHour: {},
  },
  'eu-central-1': {
    ...everywhere,
    source: 'bills of eu-central-1, June 2026',
    balancerHour: 0.027,
    publicAddressHour: 0.005,
    secretMonth: 0.4,
    diskGigabyteMonth: 0.137,
    registryHour: {},
    databaseHour: { 'db.t4g.micro': 0.019 },
  },
  'eu-west-1': {
    ...everywhere,
    source: 'bills of eu-west-1, June and July 2026',
    balancerHour: 0.0252,
    publicAddressHour: 0.005,
    registryHour: {},
    databaseHour: { 'db.t4g.micro': 0.017 },
  },
  'ap-southeast-1': {
    ...everywhere,
    source: 'a bill of ap-southeast-1, May 2025',
    natHour: 0.059,
    natGigabyte: 0.059,
    registryHour: {},
    databaseHour: {},
  },
}

/** Regions with a price list, for tests and documentation. */
export const pricedRegions: readonly string[] = Object.keys(regions)

/** Partitions with prices of their own, in China and in Europe in another currency. */
const otherPartition = /^(?:cn|us-gov|us-iso|us-isob|eu-isoe|us-isof|eusc)-/

/** The prices of a region; for a region without a list, those that are the same everywhere. */
export function pricesOf(region: string): Prices {
  const known = Object.hasOwn(regions, region) ? regions[region] : undefined
  if (known !== undefined) return known
  const none = { registryHour: {}, databaseHour: {} }
  if (otherPartition.test(region)) return { ...none, source: `no price list of ${region}` }
  return { ...everywhere, ...none, source: `no price list of ${region}; prices that are the same in every region` }
}
