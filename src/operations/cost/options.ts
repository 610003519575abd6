import { hoursAMonth, type Prices } from '../../domain/aws-prices.ts'
import { costOfCharges } from '../../domain/cost-charges.ts'
import { type CostSum, compareLines, sumLines } from '../../domain/cost-lines.ts'
import { type BreakEven, breakEven, equalInterval, pollings, pollsIn } from '../../domain/cost-options.ts'
import { type Traffic, withMessages } from '../../domain/cost-traffic.ts'
import { type Dollars, quantityOf } from '../../domain/dollars.ts'
import { Problem } from '../../domain/problem.ts'
import type { DeploySettings } from '../../domain/stage.ts'
import { egressParts, type Stage } from '../stacks/index.ts'
import { linesFor, type Pricing, type StageCosts, stageCosts } from './estimate.ts'

/** One of two options. */
export interface OptionCost {
  readonly name: string
  /** What the whole stage costs with it. */
  readonly sum: CostSum
}

/** Two options of a stage side by side. */
export interface Comparison {
  readonly what: string
  readonly first: OptionCost
  readonly second: OptionCost
  readonly breakEven: BreakEven
}

/** Two options of which the stage can have only one, with the reason. */
export interface Impossible {
  readonly what: string
  readonly why: string
}

type Variant = readonly [name: string, change: (settings: DeploySettings) => DeploySettings]

const withFront = (front: 'api-gateway' | 'container') => (one: DeploySettings) => ({ ...one, front })
const withWorker = (worker: 'lambda' | 'container') => (one: DeploySettings) => ({ ...one, worker })
const withRegistry = (registry: 'dynamodb' | 'redis') => (one: DeploySettings) => ({ ...one, registry })

/** A stage for one person has none of the parts that these settings are about. */
function asSolo({
  front: _front,
  worker: _worker,
  egress: _egress,
  registry: _registry,
  ...rest
}: DeploySettings): DeploySettings {
  const { endpointZones: _zones, registryNodes: _nodes, ...others } = rest
  return { ...others, size: 'solo' }
}

const pairs: readonly (readonly [what: string, first: Variant, second: Variant])[] = [
  ['front', ['API Gateway', withFront('api-gateway')], ['ALB and containers', withFront('container')]],
  ['worker', ['Lambda', withWorker('lambda')], ['Fargate', withWorker('container')]],
  ['registry', ['DynamoDB', withRegistry('dynamodb')], ['Redis', withRegistry('redis')]],
  ['size', ['solo', asSolo], ['small', (one) => ({ ...one, size: 'small' })]],
]

async function compared(
  stage: Stage,
  root: string,
  traffic: Traffic,
  pricing: Pricing,
  [what, first, second]: (typeof pairs)[number],
): Promise<Comparison | Impossible> {
  try {
    const [one, other] = await Promise.all(
      [first, second].map(([, change]) => stageCosts({ ...stage, settings: change(stage.settings) }, root)),
    )
    if (one === undefined || other === undefined) throw new Error('An option is missing.')
    const sumOfStage = (costs: StageCosts): CostSum => sumLines(linesFor(costs, traffic, pricing))
    return {
      what,
      first: { name: first[0], sum: sumOfStage(one) },
      second: { name: second[0], sum: sumOfStage(other) },
      breakEven: breakEven((messages) => {
        const some = withMessages(traffic, messages)
        return compareLines(linesFor(one, some, pricing), linesFor(other, some, pricing))
      }),
    }
  } catch (error) {
    if (error instanceof Problem && error.code === 'config-invalid') return { what, why: error.message }
    throw error
  }
}

/** Interface endpoints beside NAT gateways: what they cost by the gigabytes that go through. */
export interface EgressOptions {
  /** Without traffic. `undefined`: a price is unknown. */
  readonly endpoints: Dollars | undefined
  readonly nat: Dollars | undefined
  /** Gigabytes a month above which endpoints cost less. `undefined`: unknown; 0: at any traffic. */
  readonly endpointsAbove: number | undefined
  readonly taken: string
}

function egressOptions({ stacks }: StageCosts, prices: Prices): EgressOptions | undefined {
  const network = stacks.find(({ key }) => key === 'network')
  if (network === undefined) return undefined
  const { taken, endpointZones, natGateways } = egressParts(network)
  if (taken === 'none') return undefined
  const hours = (count: number) => quantityOf(count * hoursAMonth)
  const endpoints = costOfCharges([{ key: 'endpointHour', quantity: hours(endpointZones) }], prices)
  const nat = costOfCharges(
    [
      { key: 'natHour', quantity: hours(natGateways) },
      { key: 'publicAddressHour', quantity: hours(natGateways) },
    ],
    prices,
  )
  const [throughNat, throughEndpoints] = [
    prices.cost('natGigabyte', quantityOf(1)),
    prices.cost('endpointGigabyte', quantityOf(1)),
  ]
  if (endpoints === undefined || nat === undefined || throughNat === undefined || throughEndpoints === undefined) {
    return { endpoints, nat, endpointsAbove: undefined, taken }
  }
  const [more, saved] = [endpoints - nat, throughNat - throughEndpoints]
  if (more <= 0n) return { endpoints, nat, endpointsAbove: 0, taken }
  // Rounded up to a whole gigabyte.
  return { endpoints, nat, endpointsAbove: saved <= 0n ? undefined : Number((more + saved - 1n) / saved), taken }
}

/** Waiting for the messages of one empty queue. */
export interface PollingOption {
  readonly how: string
  readonly requestsAMonth: number
  readonly dollars: Dollars | undefined
  /** Short polls cost as much if there are so many seconds between them. */
  readonly shortPollEvery: number
}

function pollingOptions(prices: Prices): PollingOption[] {
  return pollings.map((polling) => {
    const requestsAMonth = pollsIn(polling, hoursAMonth * 3_600)
    const dollars = prices.cost('queueRequest', quantityOf(requestsAMonth))
    return { how: polling.how, requestsAMonth, dollars, shortPollEvery: equalInterval(polling) }
  })
}

export interface Options {
  readonly polling: readonly PollingOption[]
  readonly egress: EgressOptions | undefined
  readonly compared: readonly (Comparison | Impossible)[]
}

/** The options of a stage side by side, each with all else as it is. */
export async function compareOptions(
  stage: Stage,
  root: string,
  costs: StageCosts,
  traffic: Traffic,
  pricing: Pricing,
): Promise<Options> {
  return {
    polling: pollingOptions(pricing.prices),
    egress: egressOptions(costs, pricing.prices),
    compared: await Promise.all(pairs.map((pair) => compared(stage, root, traffic, pricing, pair))),
  }
}
