import type { StackKey } from '../../domain/stage.ts'
import type { StackPlan } from './plan.ts'
import { hoursAMonth, type Prices, prices } from './prices.ts'
import { effectiveParameters, interfaceEndpoints, mapped, secretsIn } from './template.ts'

/** One fixed cost: what it costs a month without any traffic. */
export interface CostLine {
  readonly what: string
  readonly dollarsAMonth: number
}

/** The fixed monthly cost of a stage, without any traffic. */
export interface Cost {
  readonly lines: readonly CostLine[]
  readonly dollarsAMonth: number
  /** The cost of both egress options; null if the network stack is not included. */
  readonly egress: {
    readonly endpoints: number
    readonly nat: number
    readonly gigabytes: number
    readonly taken: EgressMode
  } | null
  /** What the total excludes, because it depends on usage or its price is unknown. */
  readonly notCounted: readonly string[]
  readonly source: string
}

type EgressMode = 'endpoints' | 'nat' | 'none'
type Values = Readonly<Record<string, string | undefined>>

const zones = 2

/** A stack's parameters, with the template's defaults. */
function effective({ template, parameters }: StackPlan): Values {
  return effectiveParameters(template, parameters)
}

class Sum {
  readonly lines: CostLine[] = []
  readonly notCounted: string[] = []

  add(what: string, dollarsAMonth: number | undefined): void {
    if (dollarsAMonth === undefined) this.notCounted.push(what)
    else if (dollarsAMonth > 0) this.lines.push({ what, dollarsAMonth: Math.round(dollarsAMonth * 100) / 100 })
  }
}

function perMonth(hourly: number | undefined, times = 1): number | undefined {
  return hourly === undefined ? undefined : hourly * hoursAMonth * times
}

/** The monthly cost of both egress options, for the stage's configured traffic. */
function egressCosts(
  { template }: StackPlan,
  values: Values,
  price: Prices,
): { endpoints: number; nat: number; gigabytes: number } {
  const gigabytes = Number(values.MonthlyGigabytes)
  const count = interfaceEndpoints(template, values.Containers === 'yes')
  const gateways = Number(values.NatGateways)
  return {
    endpoints: price.endpointHour * hoursAMonth * zones * count + price.endpointGigabyte * gigabytes,
    nat: (price.natHour + price.publicAddressHour) * hoursAMonth * gateways + price.natGigabyte * gigabytes,
    gigabytes,
  }
}

/** The template maps `cheaper` to an option, by traffic tiers. */
function egressMode({ template }: StackPlan, { Egress, Containers = '', MonthlyGigabytes = '' }: Values): EgressMode {
  const way = Egress === 'cheaper' ? mapped(template, 'Cheaper', Containers, MonthlyGigabytes) : Egress
  return way === 'endpoints' || way === 'nat' ? way : 'none'
}

function networkCost(plan: StackPlan, price: Prices, sum: Sum): NonNullable<Cost['egress']> {
  const values = effective(plan)
  const ways = egressCosts(plan, values, price)
  const taken = egressMode(plan, values)
  const traffic = `with ${ways.gigabytes} GB a month`
  if (taken === 'endpoints') sum.add(`network: interface endpoints in ${zones} zones, ${traffic}`, ways.endpoints)
  if (taken === 'nat') sum.add(`network: NAT gateways (${values.NatGateways}), ${traffic}`, ways.nat)
  return { ...ways, taken }
}

function dataCost(plan: StackPlan, price: Prices, sum: Sum): void {
  const values = effective(plan)
  const { RegistryNodeType: node = '', DatabaseClass: dbClass = '', DatabaseGigabytes } = values
  const nodes = Number(values.RegistryShards) * (1 + Number(values.RegistryReplicas))
  // A standby in the other zone is a second instance with a second disk.
  const copies = values.DatabaseMultiAz === 'true' ? 2 : 1
  sum.add(`registry: ${nodes} × ${node}`, perMonth(price.registryHour[node], nodes))
  sum.add(`database: ${copies} × ${dbClass}`, perMonth(price.databaseHour[dbClass], copies))
  sum.add(`database: ${copies} × ${DatabaseGigabytes} GB of disk`, price.diskGigabyteMonth * copies * Number(DatabaseGigabytes))
  const secrets = secretsIn(plan.template)
  sum.add(`secrets: ${secrets}`, secrets * price.secretMonth)
}

function containerCost(what: string, values: Values, price: Prices, sum: Sum): void {
  const { TaskCpu, TaskMegabytes, MinTasks } = values
  const cpu = Number(TaskCpu) / 1024
  const gigabytes = Number(TaskMegabytes) / 1024
  const hourly = cpu * price.fargateCpuHour + gigabytes * price.fargateGigabyteHour
  sum.add(`${what}: at least ${MinTasks} × Fargate, ${cpu} vCPU and ${gigabytes} GB`, perMonth(hourly, Number(MinTasks)))
}

/** Lambda functions cost nothing when idle; the VPC endpoint between the load balancer and a private API does. */
function gatewayCost(plan: StackPlan, price: Prices, sum: Sum): void {
  const values = effective(plan)
  const endpoints = interfaceEndpoints(plan.template, false)
  if (values.Front === 'container') containerCost('gateway', values, price, sum)
  else sum.add(`gateway: VPC endpoint of the API in ${zones} zones`, perMonth(price.endpointHour, zones * endpoints))
}

const always = [
  'the firewall (WAF), keys (KMS), alarms and flow logs',
  'usage: API calls, messages, log ingestion, internet traffic, backups',
]

/**
 * The fixed monthly cost of some stacks, as far as prices are known.
 * @returns undefined if no prices are known for the region
 */
export function monthlyCost(plans: readonly StackPlan[], region: string): Cost | undefined {
  const price = prices[region]
  if (price === undefined) return undefined
  const sum = new Sum()
  const plan = (key: StackKey): StackPlan | undefined => plans.find((one) => one.key === key)
  const [network, data, edge, gateway, worker] = (['network', 'data', 'edge', 'gateway', 'worker'] as const).map(plan)
  const egress = network === undefined ? null : networkCost(network, price, sum)
  if (data !== undefined) dataCost(data, price, sum)
  // One public IPv4 address per zone of the load balancer.
  if (edge !== undefined) sum.add('edge: load balancer', perMonth(price.balancerHour + zones * price.publicAddressHour))
  if (gateway !== undefined) gatewayCost(gateway, price, sum)
  if (worker !== undefined && effective(worker).Mode === 'container') {
    containerCost('worker', effective(worker), price, sum)
  }
  const total = sum.lines.reduce((all, { dollarsAMonth }) => all + dollarsAMonth, 0)
  return {
    lines: sum.lines,
    dollarsAMonth: Math.round(total * 100) / 100,
    egress,
    notCounted: [...sum.notCounted.map((what) => `${what}: price unknown`), ...always],
    source: price.source,
  }
}
