import { hoursAMonth, type PriceKey } from './aws-prices.ts'
import type { Charge } from './cost-charges.ts'
import type { LineToAdd } from './cost-lines.ts'
import { type Traffic, type Volume, volumeOf } from './cost-traffic.ts'
import { type Quantity, quantityOf, quotient } from './dollars.ts'
import { count } from './quantity.ts'

/** A service of Fargate. */
export interface Containers {
  readonly cpu: number
  readonly gigabytes: number
  readonly least: number
}

/** What traffic passes through in a stage. */
export interface Shape {
  /** `regional`: an API without a balancer. `private`: a balancer before an API. `container`: a balancer before containers. */
  readonly front: 'regional' | 'private' | 'container'
  readonly worker: 'lambda' | 'container'
  readonly registry: 'redis' | 'dynamodb'
  readonly egress: 'endpoints' | 'nat' | 'none'
  readonly isFiltered: boolean
  readonly gatewayGigabytes: number
  readonly workerGigabytes: number
  readonly gatewayTask: Containers
  readonly workerTask: Containers
  readonly mediaDays: number
  /** Units of DynamoDB that a call takes in a registry there. */
  readonly callUnits: { readonly alone: Units; readonly withKey: Units }
}

interface Units {
  readonly writes: number
  readonly reads: number
}

type Line = Omit<LineToAdd, 'kind'>

const gigabyte = 1_000_000_000
const minutesAMonth = hoursAMonth * 60
const secondsAMonth = hoursAMonth * 3_600

const of = (key: PriceKey, quantity: Quantity): readonly Charge[] => [{ key, quantity }]
const counted = (key: PriceKey, times: number): readonly Charge[] => of(key, quantityOf(times))

function front({ front: kind, isFiltered, gatewayGigabytes }: Shape, traffic: Traffic, volume: Volume): Line[] {
  const { calls, submits, uploads, polls } = volume
  const why = `${count(submits)} that send + ${count(uploads)} images + ${count(polls)} for reports`
  const bytes = calls * (traffic.answerBytes + traffic.messageBytes)
  const lines: Line[] = []
  if (isFiltered) lines.push({ service: 'WAF', what: 'requests', why, charges: counted('firewallRequest', calls) })
  if (kind !== 'container') {
    lines.push({ service: 'API Gateway', what: 'API calls', why, charges: counted('apiCall', calls) })
    const invocations = 2 * calls
    const seconds = (invocations * traffic.functionMs) / 1_000
    lines.push({
      service: 'Lambda',
      what: 'authorizer and gateway',
      why: `2 × ${count(calls)} calls, ${traffic.functionMs} ms each at ${gatewayGigabytes} GB`,
      charges: [
        ...counted('functionCall', invocations),
        ...of('functionGigabyteSecond', quotient(Math.ceil(seconds * gatewayGigabytes * 1_000), 1_000)),
      ],
    })
  }
  if (kind !== 'regional') lines.push(...balancer(calls, bytes))
  lines.push({
    service: 'Data transfer',
    what: 'answers to the internet',
    why: `${count(calls)} calls × ${count(traffic.answerBytes)} bytes`,
    charges: of('internetGigabyte', quotient(calls * traffic.answerBytes, gigabyte)),
  })
  return lines
}

/** New connections that one LCU carries a second (https://aws.amazon.com/elasticloadbalancing/pricing/). */
const connectionsALcu = 25

/**
 * An LCU and hour is 25 new connections a second, or 1 GB to containers and addresses, whichever is more. Each call is taken for a
 * connection. The other dimensions, 3,000 open connections and 1,000 rules a second, are never the largest here.
 */
function balancer(calls: number, bytes: number): Line[] {
  const [byConnections, byBytes] = [quotient(calls, connectionsALcu * 3_600), quotient(bytes, gigabyte)]
  const isBytes = byBytes > byConnections
  return [
    {
      service: 'Load balancing',
      what: 'capacity of the balancer',
      why: isBytes ? `${count(bytes)} bytes, 1 GB an LCU and hour` : `${count(calls)} connections, 25 a second an LCU`,
      charges: of('balancerUnitHour', isBytes ? byBytes : byConnections),
    },
    {
      service: 'Data transfer',
      what: 'between zones',
      why: `${count(bytes)} bytes, out of one zone and into the other`,
      charges: of('zoneGigabyte', quotient(2 * bytes, gigabyte)),
    },
  ]
}

function queue(volume: Volume): Line[] {
  const { singles, batches, envelopesABatch, envelopes, receives } = volume
  const why = `${count(singles)} single + ${count(batches)} batches × ${count(envelopesABatch)}`
  return [
    { service: 'SQS', what: 'sends', why, charges: counted('queueRequest', envelopes) },
    {
      service: 'SQS',
      what: 'receives with messages',
      why: `${count(envelopes)} envelopes`,
      charges: counted('queueRequest', receives),
    },
    { service: 'SQS', what: 'deletes', why: 'one for each receive', charges: counted('queueRequest', receives) },
  ]
}

/** As docs/capacity.md measures it, with the peak of a day in mind. */
const peak = 3
const callsACpu = 2_300
const messagesACpu = 9_200

/** Containers beyond the least number, for traffic that those cannot carry. */
function moreContainers(what: string, { cpu, gigabytes, least }: Containers, aMonth: number, aCpu: number): Line[] {
  const needed = cpu === 0 ? 0 : Math.ceil((aMonth * peak) / secondsAMonth / (aCpu * cpu))
  const more = Math.max(0, needed - least)
  if (more === 0) return []
  const hours = more * hoursAMonth
  return [
    {
      service: 'Fargate',
      what,
      why: `${needed} at a peak of ${peak} times the average, ${least} of them always`,
      charges: [...counted('fargateCpuHour', hours * cpu), ...counted('fargateGigabyteHour', hours * gigabytes)],
    },
  ]
}

function work(shape: Shape, traffic: Traffic, volume: Volume): Line[] {
  const containers = [
    ...(shape.front === 'container' ? moreContainers('more gateways', shape.gatewayTask, volume.calls, callsACpu) : []),
    ...(shape.worker === 'container' ? moreContainers('more workers', shape.workerTask, traffic.messages, messagesACpu) : []),
  ]
  if (shape.worker === 'container') return containers
  const { workerGigabytes } = shape
  const milliseconds = Math.ceil(volume.receives * traffic.workerMs * workerGigabytes)
  const why = `${count(volume.receives)} receives, ${traffic.workerMs} ms each at ${workerGigabytes} GB`
  const charges = [...counted('functionCall', volume.receives), ...of('functionGigabyteSecond', quotient(milliseconds, 1_000))]
  return [...containers, { service: 'Lambda', what: 'worker', why, charges }]
}

/** Entries of a batch's day: an entry holds 37 ids (src/runtime/ports/message-index.ts). */
const idsAnEntry = 37
/** Units for 100 reports on one page, written and read (docs/capacity.md, "Ledger: partitions"). */
const [pageWrites, pageReads] = [0.2, 0.05]

/** Of a message: its note, its outcome, its place among the reports, and the entry by its recipient. */
const messageWrites = 4
/** Of a report: the note of its message, and its place. */
const reportReads = 2

/** What DynamoDB writes and reads (src/runtime/ports/dynamo-ledger.ts). Those of the registry are counted by a test with the emulator, the others are read from the code. */
function tables({ registry, callUnits }: Shape, traffic: Traffic, { singles, batches, submits, polls }: Volume): Line[] {
  const { messages, batchSize, refShare, keyShare } = traffic
  const days = singles + batches * Math.ceil(batchSize / idsAnEntry)
  const writes = Math.ceil(messages * (messageWrites + pageWrites + refShare)) + days
  const reads = Math.ceil(polls * 2 + messages * (reportReads + pageReads))
  const lines: Line[] = [
    {
      service: 'DynamoDB',
      what: 'writes to the ledger',
      why: `${count(messages)} messages × ${messageWrites + pageWrites + refShare} + ${count(days)} entries of days`,
      charges: counted('tableWrite', writes),
    },
    {
      service: 'DynamoDB',
      what: 'reads of the ledger',
      why: `${count(polls)} calls for reports × 2 + ${count(messages)} reports × ${reportReads + pageReads}`,
      charges: counted('tableRead', reads),
    },
  ]
  if (registry !== 'dynamodb') return lines
  const keyed = Math.round(submits * keyShare)
  const others = submits - keyed
  const units = (what: keyof Units): number => keyed * callUnits.withKey[what] + others * callUnits.alone[what]
  const why = (what: keyof Units): string =>
    `${count(keyed)} calls with a key × ${callUnits.withKey[what]} + ${count(others)} without × ${callUnits.alone[what]}`
  lines.push(
    { service: 'DynamoDB', what: 'writes to the registry', why: why('writes'), charges: counted('tableWrite', units('writes')) },
    {
      service: 'DynamoDB',
      what: 'reads of the registry',
      why: `${why('reads')} + ${count(polls)} calls for reports`,
      charges: counted('tableRead', units('reads') + polls),
    },
  )
  return lines
}

/** What a message leaves in the ledger: its note, outcome and entries, with the keys of each. */
const ledgerBytes = 1_500
const ledgerDays = 30

function stored({ mediaDays }: Shape, traffic: Traffic, { uploads }: Volume): Line[] {
  const lines: Line[] = [
    {
      service: 'DynamoDB',
      what: 'storage of the ledger',
      why: `${count(traffic.messages)} messages × ${count(ledgerBytes)} bytes, kept for ${ledgerDays} days`,
      charges: of('tableGigabyteMonth', quotient(traffic.messages * ledgerBytes * ledgerDays, gigabyte * 30)),
    },
  ]
  if (uploads === 0) return lines
  const bytes = uploads * traffic.mediaBytes
  lines.push(
    {
      service: 'S3',
      what: 'images, stored',
      why: `${count(uploads)} images, one for each message`,
      charges: counted('bucketPut', uploads),
    },
    {
      service: 'S3',
      what: 'images, kept',
      why: `${count(bytes)} bytes a month, for ${mediaDays} days`,
      charges: of('bucketGigabyteMonth', quotient(bytes * mediaDays, gigabyte * 30)),
    },
  )
  return lines
}

/** Metrics that the gateway writes into its logs: four for each of two environments, and three more (src/runtime/gateway/observe.ts). */
const gatewayMetrics = 11

function watched({ egress }: Shape, traffic: Traffic, { calls, envelopes }: Volume): Line[] {
  const logged = calls * traffic.logBytes
  const lines: Line[] = [
    {
      service: 'CloudWatch',
      what: 'logs of calls',
      why: `${count(calls)} calls × ${count(traffic.logBytes)} bytes`,
      charges: of('logGigabyte', quotient(logged, gigabyte)),
    },
    {
      service: 'CloudWatch',
      what: 'metrics of calls',
      why: 'calls, times, units and faults by environment, and overload',
      charges: counted('metricMonth', calls === 0 ? 0 : gatewayMetrics),
    },
  ]
  if (egress === 'none') return lines
  const bytes = 2 * traffic.messages * traffic.messageBytes + envelopes * 1_000 + logged
  lines.push({
    service: 'VPC',
    what: egress === 'nat' ? 'traffic through NAT' : 'traffic through endpoints',
    why: `messages into and out of SQS, its answers, and logs: ${count(bytes)} bytes`,
    charges: of(egress === 'nat' ? 'natGigabyte' : 'endpointGigabyte', quotient(bytes, gigabyte)),
  })
  return lines
}

/** What the functions that run every minute cost, with traffic and without. */
export function scheduledLines(shape: Shape, traffic: Traffic): LineToAdd[] {
  const functions = [
    { what: 'webhooks, every minute', gigabytes: 0.25 },
    ...(shape.worker === 'lambda' ? [{ what: 'reports, every minute', gigabytes: shape.workerGigabytes }] : []),
  ]
  return functions.map(({ what, gigabytes }) => ({
    kind: 'standing',
    service: 'Lambda',
    what,
    why: `${count(minutesAMonth)} minutes, ${traffic.scheduleMs} ms each at ${gigabytes} GB`,
    charges: [
      ...counted('functionCall', minutesAMonth),
      ...of('functionGigabyteSecond', quotient(Math.ceil(minutesAMonth * traffic.scheduleMs * gigabytes), 1_000)),
    ],
  }))
}

/** What a month of traffic is billed for in a stage. */
export function useLines(shape: Shape, traffic: Traffic): LineToAdd[] {
  const volume = volumeOf(traffic)
  const lines = [
    ...front(shape, traffic, volume),
    ...queue(volume),
    ...work(shape, traffic, volume),
    ...tables(shape, traffic, volume),
    ...stored(shape, traffic, volume),
    ...watched(shape, traffic, volume),
  ]
  return lines.map((line) => ({ kind: 'use', ...line }))
}
