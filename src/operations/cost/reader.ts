import type { CloudWatchClient, MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import { type AwsPlace, callAws, clientOptions, jsonCall, queryCall, type SigningCredentials } from '../../aws/index.ts'
import { recordOf } from '../../domain/record.ts'
import type { Metric } from './subjects.ts'

/** GetMetricData takes 500 metrics at a time, and each is billed. No stage has more than some 150. */
export const maxMetrics = 500
const maxPages = 20
const daySeconds = 86_400
const timeoutMs = 30_000

/** How a queue is set up. */
export interface QueueSettings {
  /** What a receive waits that does not say itself how long. */
  readonly waitSeconds: number
  /** A key of KMS, of which each use is billed; `undefined`: none, or the key of SQS, which is free. */
  readonly key: string | undefined
  readonly keyReuseSeconds: number
}

export interface Address {
  readonly ip: string
  readonly isUsed: boolean
}

/** A span of time, in milliseconds since 1970. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What the costs of a stage are read from. Each method may throw `aws-denied`. */
export interface CostReader {
  /** The figures of a span, by their place in `metrics`: sums, and of averages the last. What CloudWatch does not know is 0. */
  figures(metrics: readonly Metric[], span: Span): Promise<readonly number[]>
  queue(url: string): Promise<QueueSettings>
  /** The elastic addresses of the account in the region. */
  addresses(): Promise<readonly Address[]>
}

function queryFor({ namespace, name, dimensions, statistic }: Metric, at: number): MetricDataQuery {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
  const MetricStat = { Metric: { Namespace: namespace, MetricName: name, Dimensions }, Period: daySeconds, Stat: statistic }
  return { Id: `m${at}`, MetricStat }
}

async function readFigures(client: CloudWatchClient, place: AwsPlace, metrics: readonly Metric[], span: Span): Promise<number[]> {
  const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch')
  const figures = metrics.map(() => 0)
  const MetricDataQueries = metrics.map(queryFor)
  let NextToken: string | undefined
  for (let page = 0; page < maxPages; page++) {
    const input = {
      MetricDataQueries,
      StartTime: new Date(span.start),
      EndTime: new Date(span.end),
      ScanBy: 'TimestampAscending' as const,
      ...(NextToken !== undefined && { NextToken }),
    }
    const answer = await callAws(place, 'cloudwatch:GetMetricData', () =>
      client.send(new GetMetricDataCommand(input), { abortSignal: AbortSignal.timeout(timeoutMs) }),
    )
    for (const { Id = '', Values = [] } of answer.MetricDataResults ?? []) {
      const at = Number(Id.slice(1))
      const metric = metrics[at]
      if (metric === undefined) continue
      const before = figures[at] ?? 0
      figures[at] = metric.statistic === 'Average' ? (Values.at(-1) ?? before) : Values.reduce((sum, one) => sum + one, before)
    }
    NextToken = answer.NextToken
    if (NextToken === undefined) return figures
  }
  throw new Error(`CloudWatch has more than ${maxPages} pages of figures for one month.`)
}

type Credentials = () => Promise<SigningCredentials>

async function readQueue(url: string, region: string, credentials: Credentials): Promise<QueueSettings> {
  const names = ['ReceiveMessageWaitTimeSeconds', 'KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds']
  const { Attributes } = await jsonCall(await credentials(), {
    service: 'sqs',
    region,
    endpoint: `https://sqs.${region}.amazonaws.com`,
    target: 'AmazonSQS.GetQueueAttributes',
    version: '1.0',
    body: { QueueUrl: url, AttributeNames: names },
    signal: AbortSignal.timeout(timeoutMs),
  })
  const { ReceiveMessageWaitTimeSeconds: wait, KmsMasterKeyId: key, KmsDataKeyReusePeriodSeconds: reuse } = recordOf(Attributes)
  return {
    waitSeconds: Number(wait ?? 0),
    key: typeof key === 'string' && key !== '' ? key : undefined,
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html: five minutes unless set.
    keyReuseSeconds: Number(reuse ?? 300),
  }
}

/** Each address is an `item` with its `publicIp`; one that is in use has an `associationId`. */
export function addressesIn(xml: string): Address[] {
  return xml.split('<item>').flatMap((item): Address[] => {
    const ip = /<publicIp>([0-9.]+)<\/publicIp>/.exec(item)?.[1]
    return ip === undefined ? [] : [{ ip, isUsed: item.includes('<associationId>') }]
  })
}

/** Reads from AWS, with an end to each call. */
export async function awsCostReader(place: AwsPlace & { readonly region: string }): Promise<CostReader & { close(): void }> {
  const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch')
  const client = new CloudWatchClient({ ...clientOptions(place), maxAttempts: 3 })
  const { region } = place
  const credentials: Credentials = () => client.config.credentials()
  return {
    figures: (metrics, span) => readFigures(client, place, metrics, span),
    queue: (url) => callAws(place, 'sqs:GetQueueAttributes', () => readQueue(url, region, credentials)),
    addresses: async () => {
      const call = { service: 'ec2', region, action: 'DescribeAddresses', version: '2016-11-15' }
      const xml = await callAws(place, 'ec2:DescribeAddresses', async () =>
        queryCall(await credentials(), { ...call, signal: AbortSignal.timeout(timeoutMs) }),
      )
      return addressesIn(xml)
    },
    close: () => client.destroy(),
  }
}
