import { type OwnPrices, type Prices, pricesOf } from '../../domain/aws-prices.ts'
import { type CostLine, type CostSum, type LineToAdd, Meter, sumLines } from '../../domain/cost-lines.ts'
import { type Dollars, quantityOf, shareOf, timesOf } from '../../domain/dollars.ts'
import { Problem } from '../../domain/problem.ts'
import { type DeployedStack, standingParts } from '../stacks/index.ts'
import type { CustomerCost } from './estimate.ts'
import { type Measured, measuredLines } from './measured.ts'
import { type Address, type CostReader, maxMetrics, type QueueSettings, type Span } from './reader.ts'
import { type Subject, subjectsOf } from './subjects.ts'
import { type CostWarning, warningsOf } from './warnings.ts'

/** Queues that are read: more than a stage has. */
const maxQueues = 50

/** What could not be read, for want of a right or because there is too much of it. */
export interface NotRead {
  readonly what: string
  /** In words: which right is missing, and on what. */
  readonly why: string
}

/** What a month cost until now, and what it comes to at the same rate. */
export interface ShownCost {
  readonly region: string
  readonly source: string
  readonly freeTier: boolean
  readonly span: Span
  /** Of the whole month. */
  readonly month: Span
  readonly lines: readonly CostLine[]
  readonly soFar: CostSum
  readonly heading: CostSum
  readonly messages: number | undefined
  /** `undefined`: the messages are not known, or there are none. */
  readonly aMillion: Dollars | undefined
  readonly customers: readonly CustomerCost[]
  readonly warnings: readonly CostWarning[]
  readonly notRead: readonly NotRead[]
  /** Metrics that were read, and what CloudWatch bills for that. */
  readonly metrics: number
  readonly readingCost: Dollars | undefined
}

export interface ToShow {
  readonly stage: string
  readonly region: string
  readonly stacks: readonly DeployedStack[]
  readonly reader: CostReader
  readonly own?: OwnPrices | undefined
  readonly freeTier: boolean
  /** Milliseconds since 1970. */
  readonly now: number
  /** Accepted messages by customer; `undefined`: the registry could not be read. */
  readonly usage: readonly { readonly customer: string; readonly messages: number }[] | undefined
}

/** AWS bills by months of UTC. */
export function monthOf(now: number): Span {
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) }
}

const hourMs = 3_600_000

/** Reads as far as the rights of the caller go. */
class Reads {
  readonly notRead: NotRead[] = []

  async attempt<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'aws-denied') throw error
      this.notRead.push({ what, why: error.message })
      return undefined
    }
  }
}

/** Those whose figures fit into one reading, each with all of its figures. */
function readable(subjects: readonly Subject[]): readonly Subject[] {
  let metrics = 0
  const end = subjects.findIndex((one) => {
    metrics += Object.keys(one.metrics).length
    return metrics > maxMetrics
  })
  return end === -1 ? subjects : subjects.slice(0, end)
}

/** @throws Problem `aws-…`, but not for a missing right */
async function measure(reads: Reads, reader: CostReader, subjects: readonly Subject[], span: Span): Promise<Measured[]> {
  const some = readable(subjects).flatMap((subject) =>
    Object.entries(subject.metrics).map(([key, metric]) => ({ subject, key, metric })),
  )
  const left = subjects.length - readable(subjects).length
  if (left > 0) {
    reads.notRead.push({ what: `the figures of ${left} resources`, why: `A reading is limited to ${maxMetrics} metrics.` })
  }
  const metrics = some.map(({ metric }) => metric)
  const figures = await reads.attempt('the figures of CloudWatch', () => reader.figures(metrics, span))
  if (figures === undefined) return []
  const found = new Map<Subject, Record<string, number>>()
  for (const [at, { subject, key }] of some.entries()) {
    found.set(subject, { ...found.get(subject), [key]: figures[at] ?? 0 })
  }
  return [...found].map(([subject, values]) => ({ subject, figures: values }))
}

async function readQueues(reads: Reads, reader: CostReader, subjects: readonly Subject[]): Promise<Map<string, QueueSettings>> {
  const urls = subjects.filter(({ kind }) => kind === 'queue').slice(0, maxQueues)
  const found = await reads.attempt('the settings of queues', () =>
    Promise.all(urls.map(async ({ id }) => [id, await reader.queue(id)] as const)),
  )
  return new Map(found ?? [])
}

/** The standing parts for a share of a month of 730 hours, without polling, which is measured. */
function standingLines(stacks: readonly DeployedStack[], share: number): LineToAdd[] {
  const parts = standingParts(stacks.map(({ outline }) => outline)).filter(({ service }) => service !== 'SQS')
  return parts.map(({ service, what, charges }) => ({
    kind: 'standing',
    service,
    what,
    charges: charges?.map((charge) => ({ ...charge, quantity: timesOf(charge.quantity, share) })),
  }))
}

function scaled(lines: readonly LineToAdd[], by: number): LineToAdd[] {
  return lines.map((line) => ({
    ...line,
    charges: line.charges?.map((charge) => ({ ...charge, quantity: timesOf(charge.quantity, by) })),
  }))
}

function priced(prices: Prices, freeTier: boolean, lines: readonly LineToAdd[]): readonly CostLine[] {
  const meter = new Meter(prices, { freeTier })
  for (const line of lines) meter.add(line)
  return meter.lines
}

function customerCosts(usage: ToShow['usage'], use: Dollars, standing: Dollars): CustomerCost[] {
  const all = quantityOf((usage ?? []).reduce((sum, { messages }) => sum + messages, 0))
  return (usage ?? []).map(({ customer, messages }) => ({
    customer,
    messages,
    use: shareOf(use, quantityOf(messages), all),
    standing: shareOf(standing, quantityOf(messages), all),
  }))
}

/** @throws Problem `aws-…`; a missing right is named in the result instead */
export async function showCost({ stage, region, stacks, reader, own, freeTier, now, usage }: ToShow): Promise<ShownCost> {
  const prices = pricesOf(region, own)
  const month = monthOf(now)
  // At least an hour, so that a month that has just begun is not scaled up from seconds.
  const span = { start: month.start, end: Math.max(now, month.start + hourMs) }
  const share = (span.end - span.start) / (month.end - month.start)
  const subjects = subjectsOf(stacks, region)
  const reads = new Reads()
  const [measured, queues, addresses] = await Promise.all([
    measure(reads, reader, subjects, span),
    readQueues(reads, reader, subjects),
    reads.attempt('elastic addresses', () => reader.addresses()),
  ])
  const lines = priced(prices, freeTier, [...standingLines(stacks, share), ...measuredLines(measured, share)])
  // A whole month: what stands is not scaled up from the past, and storage is billed by the month already.
  const wholeMonth = [...standingLines(stacks, 1), ...scaled(measuredLines(measured, share), 1 / share)]
  const isBlind = measured.length < subjects.length
  const sum = (some: readonly CostLine[]): CostSum => {
    const { dollars, atLeast } = sumLines(some)
    return { dollars, atLeast: atLeast || isBlind }
  }
  const of = (kind: CostLine['kind']): Dollars => sumLines(lines.filter((line) => line.kind === kind)).dollars
  const soFar = sum(lines)
  const messages = usage?.reduce((all, one) => all + one.messages, 0)
  const metrics = readable(subjects).reduce((all, one) => all + Object.keys(one.metrics).length, 0)
  return {
    ...{ region, source: prices.source, freeTier, span, month, lines, soFar },
    heading: sum(priced(prices, freeTier, wholeMonth)),
    messages,
    aMillion:
      messages === undefined || messages === 0 ? undefined : shareOf(soFar.dollars, quantityOf(1_000_000), quantityOf(messages)),
    customers: customerCosts(usage, of('use'), of('standing')),
    warnings: warningsOf({
      ...{ measured, queues, stage, prices },
      addresses: addresses ?? ([] satisfies readonly Address[]),
      hours: (span.end - span.start) / hourMs,
    }),
    notRead: reads.notRead,
    metrics,
    readingCost: prices.cost('metricRead', quantityOf(metrics)),
  }
}
