import type { PriceGroup } from './aws-prices.ts'

/**
 * AWS's published prices, in US dollars. A price is here only with a dated copy of the price list, a bill by usage type or a
 * published page (docs/decisions/0087-prices-have-a-source.md). Nothing is derived from another region.
 *
 * The same in every region: keys, the firewall ("consistent across all AWS Regions",
 * https://aws.amazon.com/blogs/networking-and-content-delivery/cost-effective-ways-for-securing-your-web-applications-using-aws-waf/),
 * alarms, custom metrics and reads of metrics.
 */
const everywhere: PriceGroup = {
  source: 'https://aws.amazon.com/kms/pricing/, /waf/pricing/ and /cloudwatch/pricing/',
  date: '2026-11',
  evidence: 'page',
  prices: {
    keyMonth: '1',
    keyRequest: '0.03',
    aclMonth: '5',
    ruleMonth: '1',
    firewallRequest: '0.60',
    alarmMonth: '0.10',
    fastAlarmMonth: '0.30',
    metricMonth: '0.30',
    metricRead: '0.01',
  },
}

interface RegionTable {
  /** For one line of text. */
  readonly source: string
  readonly groups: readonly PriceGroup[]
}

const seoul: RegionTable = {
  source: 'AWS price list of ap-northeast-2, October 2026',
  groups: [
    {
      source: 'offer files of ap-northeast-2 (index.csv), published 2026-09-11 to 2026-10-02',
      date: '2026-10-05',
      evidence: 'list',
      prices: {
        balancerHour: '0.0225',
        balancerUnitHour: '0.008',
        natHour: '0.059',
        natGigabyte: '0.059',
        endpointHour: '0.013',
        endpointGigabyte: '0.01',
        publicAddressHour: '0.005',
        internetGigabyte: '0.126',
        zoneGigabyte: '0.01',
        fargateCpuHour: '0.03725',
        fargateGigabyteHour: '0.00409',
        functionCall: '0.20',
        functionGigabyteSecond: '0.0000133334',
        queueRequest: '0.40',
        secretMonth: '0.40',
        diskGigabyteMonth: '0.131',
        bucketGigabyteMonth: '0.025',
        bucketPut: '0.0045',
        logGigabyte: '0.76',
      },
      databaseHour: { 'db.t4g.micro': '0.025' },
    },
    {
      source: 'get_products of AmazonDynamoDB, ap-northeast-2',
      date: '2026-06-12',
      evidence: 'list',
      prices: { tableWrite: '0.68', tableRead: '0.1355' },
    },
    {
      source: 'ElastiCache in ap-northeast-2, for Redis OSS, which costs at least as much as Valkey',
      date: '2026-08-03',
      evidence: 'list',
      prices: {},
      registryHour: { 'cache.t4g.micro': '0.024' },
    },
  ],
}

const virginia: RegionTable = {
  source: 'published prices of us-east-1, March to October 2026',
  groups: [
    {
      source:
        'https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html',
      date: '2026-11',
      evidence: 'page',
      prices: {
        apiCall: [
          { upTo: 333_000_000, dollars: '3.50' },
          { upTo: 1_000_000_000, dollars: '2.80' },
          { upTo: 20_000_000_000, dollars: '2.38' },
          { dollars: '1.51' },
        ],
      },
    },
    {
      source: 'https://cloudburn.io/blog/amazon-sqs-pricing',
      date: '2026-03',
      evidence: 'page',
      prices: { queueRequest: '0.40' },
    },
    {
      source: 'https://cloudpipelines.pages.dev/guides/aws-nat-gateway-pricing-2026/',
      date: '2026',
      evidence: 'page',
      prices: { natHour: '0.045', natGigabyte: '0.045' },
    },
    {
      source: 'https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint',
      date: '2026-06-01',
      evidence: 'page',
      prices: { endpointHour: '0.01', endpointGigabyte: '0.01' },
    },
    {
      source: 'offer files of us-east-1 (index.csv), published 2026-08-31',
      date: '2026-09-06',
      evidence: 'list',
      prices: {
        functionCall: '0.20',
        functionGigabyteSecond: [
          { upTo: 7_500_000_000, dollars: '0.0000133334' },
          { upTo: 18_750_000_000, dollars: '0.0000120001' },
          { dollars: '0.0000106667' },
        ],
        tableWrite: '0.625',
        tableRead: '0.125',
        tableGigabyteMonth: '0.25',
        bucketGigabyteMonth: [{ upTo: 51_200, dollars: '0.023' }, { upTo: 512_000, dollars: '0.022' }, { dollars: '0.021' }],
        bucketPut: '0.005',
        internetGigabyte: [
          { upTo: 10_240, dollars: '0.09' },
          { upTo: 51_200, dollars: '0.085' },
          { upTo: 153_600, dollars: '0.07' },
          { dollars: '0.05' },
        ],
        zoneGigabyte: '0.01',
      },
    },
    {
      source:
        'Price List API, us-east-1: RDS, disks, addresses and Fargate on ARM on 2026-09-26, the balancer on 2026-09-09, secrets on 2026-08-01',
      date: '2026-09-26',
      evidence: 'list',
      prices: {
        balancerHour: '0.0225',
        balancerUnitHour: '0.008',
        publicAddressHour: '0.005',
        fargateCpuHour: '0.03238',
        fargateGigabyteHour: '0.00356',
        secretMonth: '0.40',
        diskGigabyteMonth: '0.115',
      },
      databaseHour: { 'db.t4g.micro': '0.016' },
    },
    {
      source: 'ElastiCache in us-east-1, for Valkey',
      date: '2026-10-02',
      evidence: 'list',
      prices: {},
      registryHour: { 'cache.t4g.micro': '0.0128', 'cache.m7g.large': '0.1264' },
    },
    {
      source: 'Price List API, AmazonCloudWatch in us-east-1',
      date: '2025-10-28',
      evidence: 'list',
      prices: { logGigabyte: '0.50' },
    },
  ],
}

const regions: Readonly<Record<string, RegionTable>> = {
  'ap-northeast-2': seoul,
  'us-east-1': virginia,
  'ap-northeast-1': {
    source: 'AWS price list of ap-northeast-1, August and September 2026',
    groups: [
      {
        source:
          'Price List API, ap-northeast-1: NAT, endpoints and addresses on 2026-09-25, the balancer and Fargate on ARM on 2026-08-27',
        date: '2026-09-25',
        evidence: 'list',
        prices: {
          balancerHour: '0.0243',
          balancerUnitHour: '0.008',
          natHour: '0.062',
          natGigabyte: '0.062',
          endpointHour: '0.014',
          endpointGigabyte: '0.01',
          publicAddressHour: '0.005',
          fargateCpuHour: '0.04045',
          fargateGigabyteHour: '0.00442',
        },
      },
    ],
  },
  'eu-central-1': {
    source: 'bills of eu-central-1, June 2026',
    groups: [
      {
        source: 'the bill of an account in eu-central-1, by usage type',
        date: '2026-06',
        evidence: 'bill',
        prices: { balancerHour: '0.027', publicAddressHour: '0.005', secretMonth: '0.40', diskGigabyteMonth: '0.137' },
        databaseHour: { 'db.t4g.micro': '0.019' },
      },
    ],
  },
  'eu-west-1': {
    source: 'bills of eu-west-1, June and July 2026',
    groups: [
      {
        source: 'bills of accounts in eu-west-1, by usage type',
        date: '2026-07',
        evidence: 'bill',
        prices: { balancerHour: '0.0252', publicAddressHour: '0.005' },
        databaseHour: { 'db.t4g.micro': '0.017' },
      },
    ],
  },
  'ap-southeast-1': {
    source: 'a bill of ap-southeast-1, May 2025',
    groups: [
      {
        source: 'the bill of an account in ap-southeast-1, by usage type',
        date: '2025-05',
        evidence: 'bill',
        prices: { natHour: '0.059', natGigabyte: '0.059' },
      },
    ],
  },
}

/** Regions with a price list, for tests and documentation. */
export const pricedRegions: readonly string[] = Object.keys(regions)

/** Partitions with prices of their own, in China and in Europe in another currency. */
const otherPartition = /^(?:cn|us-gov|us-iso|us-isob|eu-isoe|us-isof|eusc)-/

/** The published prices of a region, and in a few words where they come from. */
export function regionPrices(region: string): RegionTable {
  const known = Object.hasOwn(regions, region) ? regions[region] : undefined
  if (known !== undefined) return { source: known.source, groups: [everywhere, ...known.groups] }
  if (otherPartition.test(region)) return { source: `no price list of ${region}`, groups: [] }
  return { source: `no price list of ${region}; prices that are the same in every region`, groups: [everywhere] }
}
