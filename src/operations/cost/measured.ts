import type { PriceKey } from '../../domain/aws-prices.ts'
import type { Charge } from '../../domain/cost-charges.ts'
import type { LineToAdd } from '../../domain/cost-lines.ts'
import { type Quantity, quantityOf, quotient } from '../../domain/dollars.ts'
import { count } from '../../domain/quantity.ts'
import type { Subject, SubjectKind } from './subjects.ts'

/** A resource with its figures. */
export interface Measured {
  readonly subject: Subject
  readonly figures: Readonly<Record<string, number>>
}

const gigabyte = 1_000_000_000

const of = (key: PriceKey, quantity: Quantity): readonly Charge[] => [{ key, quantity }]
const counted = (key: PriceKey, times: number): readonly Charge[] => of(key, quantityOf(Math.ceil(times)))
const gigabytes = (key: PriceKey, bytes: number): readonly Charge[] => of(key, quotient(Math.ceil(bytes), gigabyte))

/** Figures of all resources of a kind, by name. */
class Figures {
  readonly #measured: readonly Measured[]

  constructor(measured: readonly Measured[]) {
    this.#measured = measured
  }

  of(kind: SubjectKind): readonly Measured[] {
    return this.#measured.filter(({ subject }) => subject.kind === kind)
  }

  sum(kind: SubjectKind, name: string): number {
    return this.of(kind).reduce((all, { figures }) => all + (figures[name] ?? 0), 0)
  }
}

/**
 * SQS counts messages and empty receives, not requests. A request carries up to ten messages, so these are the most that there can
 * have been.
 */
function queueLines(all: Figures): Omit<LineToAdd, 'kind'>[] {
  const [sent, received, deleted, empty] = (['sent', 'received', 'deleted', 'empty'] as const).map((name) =>
    all.sum('queue', name),
  )
  const carried = (sent ?? 0) + (received ?? 0) + (deleted ?? 0)
  return [
    {
      service: 'SQS',
      what: 'sends, receives and deletes, at most',
      why: `${count(sent ?? 0)} sent + ${count(received ?? 0)} received + ${count(deleted ?? 0)} deleted, each taken for a request`,
      charges: counted('queueRequest', carried),
    },
    { service: 'SQS', what: 'receives that found nothing', charges: counted('queueRequest', empty ?? 0) },
  ]
}

function functionLines(all: Figures): Omit<LineToAdd, 'kind'>[] {
  return all.of('function').map(({ subject, figures }) => {
    const { calls = 0, milliseconds = 0 } = figures
    const seconds = quotient(Math.ceil(milliseconds * subject.gigabytes), 1_000)
    return {
      service: 'Lambda',
      what: subject.name,
      why: `${count(calls)} calls, ${count(Math.round(milliseconds / 1_000))} s at ${count(subject.gigabytes)} GB`,
      charges: [...counted('functionCall', calls), ...of('functionGigabyteSecond', seconds)],
    }
  })
}

/** How much of the month is over, of what is billed by the month. */
export type MonthShare = number

/** The use that the figures show. A figure without a resource has no line. */
export function measuredLines(measured: readonly Measured[], stored: MonthShare): LineToAdd[] {
  const all = new Figures(measured)
  const some = (kind: SubjectKind, lines: () => Omit<LineToAdd, 'kind'>[]) => (all.of(kind).length === 0 ? [] : lines())
  const lines = [
    ...some('api', () => [{ service: 'API Gateway', what: 'API calls', charges: counted('apiCall', all.sum('api', 'calls')) }]),
    ...some('balancer', () => [
      {
        service: 'Load balancing',
        what: 'capacity of the balancer',
        charges: of('balancerUnitHour', quantityOf(all.sum('balancer', 'units'))),
      },
    ]),
    ...some('firewall', () => [
      {
        service: 'WAF',
        what: 'requests, also those that were blocked',
        charges: counted('firewallRequest', all.sum('firewall', 'allowed') + all.sum('firewall', 'blocked')),
      },
    ]),
    ...functionLines(all),
    ...some('queue', () => queueLines(all)),
    ...some('table', () => [
      { service: 'DynamoDB', what: 'writes', charges: counted('tableWrite', all.sum('table', 'writes')) },
      { service: 'DynamoDB', what: 'reads', charges: counted('tableRead', all.sum('table', 'reads')) },
    ]),
    ...some('nat', () => [
      {
        service: 'VPC',
        what: 'traffic through NAT',
        charges: gigabytes('natGigabyte', all.sum('nat', 'out') + all.sum('nat', 'in')),
      },
    ]),
    ...some('endpoint', () => [
      {
        service: 'VPC',
        what: 'traffic through endpoints',
        charges: gigabytes('endpointGigabyte', all.sum('endpoint', 'bytes')),
      },
    ]),
    ...some('logs', () => [{ service: 'CloudWatch', what: 'logs', charges: gigabytes('logGigabyte', all.sum('logs', 'bytes')) }]),
    ...some('bucket', () => [
      {
        service: 'S3',
        what: 'images and logs, kept',
        charges: gigabytes('bucketGigabyteMonth', all.sum('bucket', 'bytes') * stored),
      },
    ]),
  ]
  return lines.map((line) => ({ kind: 'use', ...line }))
}
