import * as z from 'zod'
import { apigw } from './next-step.ts'
import { readYaml } from './yaml-document.ts'

const share = z.number().min(0).max(1)
const whole = z.int().min(0)
/** More than all mobile numbers of the world each month. */
const maxCount = 1_000_000_000_000

/** What a month of traffic is stated as. Everything but the messages has a default. */
const file = z.strictObject({
  messages: whole.max(maxCount).exactOptional(),
  batchShare: share.exactOptional(),
  batchSize: z.int().min(1).max(500).exactOptional(),
  mediaShare: share.exactOptional(),
  mediaBytes: whole.max(10_000_000).exactOptional(),
  messageBytes: z.int().min(1).max(20_000).exactOptional(),
  keyShare: share.exactOptional(),
  refShare: share.exactOptional(),
  reportPolls: whole.max(maxCount).exactOptional(),
  logBytes: whole.max(1_000_000).exactOptional(),
  answerBytes: whole.max(10_000_000).exactOptional(),
  functionMs: z.int().min(1).max(29_000).exactOptional(),
  workerMs: z.int().min(1).max(30_000).exactOptional(),
  scheduleMs: z.int().min(1).max(55_000).exactOptional(),
  envelopesAReceive: z.int().min(1).max(10).exactOptional(),
  /** How many customers, or the messages of each. */
  customers: z.union([z.int().min(1).max(1_000_000), z.record(z.string().min(1).max(64), whole.max(maxCount))]).exactOptional(),
})

type TrafficFile = z.infer<typeof file>
type TrafficNumber = Exclude<keyof TrafficFile, 'customers'>

/** A month of traffic, complete. */
export type Traffic = Readonly<Record<TrafficNumber, number>> & {
  readonly customers: number
  /** The messages of each customer, if they are stated. */
  readonly messagesOf: Readonly<Record<string, number>>
  /** What was not stated. */
  readonly assumed: readonly TrafficNumber[]
}

/** How a number of the traffic is written about. */
export const trafficTexts: Readonly<Record<TrafficNumber, string>> = {
  messages: 'messages a month',
  batchShare: 'share of messages that are sent in batches',
  batchSize: 'messages in a batch',
  mediaShare: 'share of messages with an image',
  mediaBytes: 'bytes of an image',
  messageBytes: 'bytes of a message in the queue',
  keyShare: 'share of calls with an Idempotency-Key',
  refShare: 'share of messages with a ref',
  reportPolls: 'calls for reports a month',
  logBytes: 'bytes of logs for a call',
  answerBytes: 'bytes of an answer',
  functionMs: 'milliseconds of the authorizer, and of the gateway, for a call',
  workerMs: 'milliseconds of the worker function for an envelope',
  scheduleMs: 'milliseconds of each function that runs every minute',
  envelopesAReceive: 'envelopes that come with one receive',
}

/** Minutes of a month of 730 hours: each customer asks for reports once a minute. */
const minutesAMonth = 43_800

/** What is not stated. Rather dear: single calls, keys and refs everywhere, nothing shared. */
const defaults: Omit<Record<TrafficNumber, number>, 'reportPolls'> = {
  messages: 0,
  batchShare: 0,
  batchSize: 100,
  mediaShare: 0,
  mediaBytes: 100_000,
  messageBytes: 500,
  keyShare: 1,
  refShare: 1,
  logBytes: 1_500,
  answerBytes: 1_000,
  functionMs: 30,
  workerMs: 200,
  scheduleMs: 500,
  envelopesAReceive: 1,
}

export type StatedTraffic = { readonly [Name in keyof TrafficFile]?: TrafficFile[Name] | undefined }

/** Completes what was stated. Messages of customers that are stated by name are all there are. */
export function trafficOf({ customers = 1, ...stated }: StatedTraffic): Traffic {
  const messagesOf = typeof customers === 'number' ? {} : customers
  const count = typeof customers === 'number' ? customers : Math.max(1, Object.keys(customers).length)
  const total = Object.values(messagesOf).reduce((all, one) => all + one, 0)
  const all: Record<TrafficNumber, number> = { ...defaults, reportPolls: count * minutesAMonth }
  if (typeof customers !== 'number') all.messages = total
  const names = Object.keys(trafficTexts).filter((name): name is TrafficNumber => Object.hasOwn(trafficTexts, name))
  const assumed: TrafficNumber[] = []
  for (const name of names) {
    const value = stated[name]
    if (value !== undefined) all[name] = value
    else if (name !== 'messages') assumed.push(name)
  }
  return { ...all, customers: count, messagesOf, assumed }
}

/** @throws Problem `input-invalid`, which names line and field */
export function readTraffic(text: string, name: string): StatedTraffic {
  return readYaml(text, file, { name, code: 'input-invalid', next: apigw('cost estimate', '--help') })
}

/** The same traffic with more or fewer messages; the calls for reports stay, because they do not depend on them. */
export function withMessages(traffic: Traffic, messages: number): Traffic {
  return { ...traffic, messages }
}

/** What a month of traffic consists of. */
export interface Volume {
  readonly singles: number
  readonly batches: number
  /** Calls that send. */
  readonly submits: number
  readonly uploads: number
  readonly polls: number
  readonly calls: number
  /** Envelopes of one batch: of at most 60 KB, so that each is one request to SQS, which bills by 64 KB. */
  readonly envelopesABatch: number
  readonly envelopes: number
  readonly receives: number
}

const envelopeBytes = 60 * 1024

export function volumeOf(traffic: Traffic): Volume {
  const { messages, batchShare, batchSize, mediaShare, messageBytes, reportPolls: polls, envelopesAReceive } = traffic
  const batched = Math.round(messages * batchShare)
  const singles = messages - batched
  const batches = Math.ceil(batched / batchSize)
  const submits = singles + batches
  const uploads = Math.round(messages * mediaShare)
  const envelopesABatch = Math.ceil((batchSize * messageBytes) / envelopeBytes)
  const envelopes = singles + batches * envelopesABatch
  const receives = Math.ceil(envelopes / envelopesAReceive)
  return { singles, batches, submits, uploads, polls, calls: submits + uploads + polls, envelopesABatch, envelopes, receives }
}
