import { hoursAMonth, type PriceKey, type Prices } from '../../domain/aws-prices.ts'
import { costOfCharges } from '../../domain/cost-charges.ts'
import { type Dollars, quantityOf } from '../../domain/dollars.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { count } from '../../domain/quantity.ts'
import type { Measured } from './measured.ts'
import type { Address, QueueSettings } from './reader.ts'

/** Something that is billed and perhaps for nothing. */
export interface CostWarning {
  readonly what: 'idle-queue' | 'short-polling' | 'queue-key' | 'scan' | 'unused-endpoint' | 'idle-nat' | 'unused-address'
  readonly name: string
  readonly text: string
  /** What it costs in a whole month. `undefined`: a price is unknown, or what it takes cannot be seen. */
  readonly dollars: Dollars | undefined
  readonly next: NextStep
}

export interface Seen {
  readonly measured: readonly Measured[]
  /** By their URLs. */
  readonly queues: ReadonlyMap<string, QueueSettings>
  readonly addresses: readonly Address[]
  /** Hours that the figures are from. */
  readonly hours: number
  readonly stage: string
  readonly prices: Prices
}

function monthly(prices: Prices, ...amounts: readonly (readonly [key: PriceKey, count: number])[]): Dollars | undefined {
  return costOfCharges(
    amounts.map(([key, many]) => ({ key, quantity: quantityOf(many) })),
    prices,
  )
}

/** Twice what Lambda's five pollers ask in an hour, which wait for 20 seconds each: a consumer that asks more often does not wait. */
const waitingPolls = 1_800

function queueWarnings({ measured, queues, hours, stage, prices }: Seen): CostWarning[] {
  return measured.flatMap(({ subject, figures }): CostWarning[] => {
    if (subject.kind !== 'queue') return []
    const { empty = 0, sent = 0, received = 0 } = figures
    const { name, id } = subject
    const anHour = empty / hours
    const dollars = monthly(prices, ['queueRequest', Math.ceil(anHour * hoursAMonth)])
    const settings = queues.get(id)
    const found: CostWarning[] = []
    if (anHour > waitingPolls) {
      const wait = settings === undefined ? '' : `; a receive that does not say how long waits for ${settings.waitSeconds} s`
      found.push({
        ...{ what: 'short-polling', name, dollars },
        text: `${count(Math.round(anHour))} receives an hour find nothing: a consumer does not wait for messages, or there are many consumers${wait}`,
        next: `aws sqs set-queue-attributes --queue-url ${id} --attributes ReceiveMessageWaitTimeSeconds=20`,
      })
    } else if (empty > 0 && sent === 0 && received === 0) {
      found.push({
        ...{ what: 'idle-queue', name, dollars },
        text: `${count(empty)} receives found nothing this month, and no message came`,
        next: step`remove the carrier from apigw.yaml if nothing is sent through it, then ${apigw('deploy', '--stage', stage)}`,
      })
    }
    if (settings?.key !== undefined) found.push(keyWarning(name, id, settings, prices))
    return found
  })
}

/**
 * Uses of a key: (2 × producers + consumers) in each period of reuse (https://aws.amazon.com/sqs/faqs/, "How do I estimate my AWS
 * KMS usage costs"), here for one of each. Queues of apigw use the key of SQS, which is free.
 */
function keyWarning(name: string, id: string, { key = '', keyReuseSeconds }: QueueSettings, prices: Prices): CostWarning {
  const uses = Math.ceil((hoursAMonth * 3_600) / keyReuseSeconds) * 3
  return {
    ...{ what: 'queue-key', name, dollars: monthly(prices, ['keyRequest', uses]) },
    text: `is encrypted with ${key}, of which each use is billed, at least ${count(uses)} a month`,
    next: `aws sqs set-queue-attributes --queue-url ${id} --attributes KmsMasterKeyId=,SqsManagedSseEnabled=true`,
  }
}

function tableWarnings({ measured }: Seen): CostWarning[] {
  return measured.flatMap(({ subject, figures }): CostWarning[] => {
    const { scans = 0, reads = 0 } = figures
    if (subject.kind !== 'table' || scans === 0) return []
    const { name } = subject
    return [
      {
        ...{ what: 'scan', name, dollars: undefined },
        text: `${count(scans)} Scans this month. CloudWatch does not say what they read; all reads of the table were ${count(reads)} units`,
        next: 'find who sends them: no part of the stage does, but the console does when it shows the items of a table',
      },
    ]
  })
}

function networkWarnings({ measured, addresses, stage, prices }: Seen): CostWarning[] {
  const unused = measured.flatMap(({ subject, figures }): CostWarning[] => {
    const { kind, name, zones } = subject
    const bytes = (figures.bytes ?? 0) + (figures.out ?? 0) + (figures.in ?? 0)
    if (bytes > 0) return []
    if (kind === 'endpoint') {
      const dollars = monthly(prices, ['endpointHour', zones * hoursAMonth])
      const text = 'no byte went through this endpoint this month, and its hours are billed all the same'
      return [{ what: 'unused-endpoint', name, dollars, text, next: apigw('cost estimate', '--compare', '--stage', stage) }]
    }
    if (kind === 'nat') {
      const dollars = monthly(prices, ['natHour', hoursAMonth], ['publicAddressHour', hoursAMonth])
      const text = 'no byte went through this gateway this month, and its hours and its address are billed all the same'
      return [{ what: 'idle-nat', name, dollars, text, next: apigw('cost estimate', '--compare', '--stage', stage) }]
    }
    return []
  })
  const free = addresses.filter(({ isUsed }) => !isUsed)
  const dollars = monthly(prices, ['publicAddressHour', hoursAMonth])
  return [
    ...unused,
    ...free.map(
      ({ ip }): CostWarning => ({
        ...{ what: 'unused-address', name: ip, dollars },
        text: 'this elastic address of the account is attached to nothing',
        next: `aws ec2 describe-addresses --public-ips ${ip}, and release it if it is not needed`,
      }),
    ),
  ]
}

/** Dearest first; what has no price comes last. */
export function warningsOf(seen: Seen): CostWarning[] {
  const all = [...queueWarnings(seen), ...tableWarnings(seen), ...networkWarnings(seen)]
  const sized = ({ dollars }: CostWarning): Dollars => dollars ?? -1n
  return all.sort((a, b) => (sized(a) === sized(b) ? 0 : sized(a) < sized(b) ? 1 : -1))
}
