import { type Prices, pricesOf } from '../../../domain/aws-prices.ts'
import { type Charge, costOfCharges } from '../../../domain/cost-charges.ts'
import { dollarsNumber, timesOf } from '../../../domain/dollars.ts'
import { isMap, readSections, scalarText } from '../../cloudformation/index.ts'
import type { Input } from '../inputs.ts'
import type { StackOutline } from '../plan.ts'
import { effectiveParameters } from '../template.ts'
import { billings, type Part } from './billed.ts'
import { type Egress, egressOf, trafficCost } from './egress.ts'
import { type MadeResource, StackProperties } from './properties.ts'
import { type RegistryCost, registryCost } from './registry.ts'
import { freeTypes, type Usage, usages } from './usage.ts'

/** One fixed cost: what it costs a month without any traffic. */
export interface CostLine {
  readonly what: string
  /** `null`: the price is unknown. */
  readonly dollarsAMonth: number | null
}

/** The fixed monthly cost of a stage, without any traffic. */
export interface Cost {
  readonly lines: readonly CostLine[]
  /** The sum of the known prices. */
  readonly dollarsAMonth: number
  /** Whether a price is unknown, so that the sum is only the least. */
  readonly atLeast: boolean
  /** The cost of both egress options; null if the network stack is not included. */
  readonly egress: Egress | null
  /** What a registry in DynamoDB costs by calls; null without one. */
  readonly registry: RegistryCost | null
  /** What depends on traffic, and is not part of the sum. */
  readonly usage: readonly Usage[]
  readonly source: string
}

/** A stack's parameters, with the template's defaults. */
export function planParameters({ template, parameters }: StackOutline): Readonly<Record<string, string | undefined>> {
  return effectiveParameters(template, parameters)
}

/** Stands in for the value of an output that exists, so that conditions can be decided. */
const later = 'known-later'

/** Whether the stack will have an output. A stack that is not planned is deployed, and may have it. */
function hasOutput({ from, parameter }: Input, plans: readonly StackOutline[]): boolean {
  const plan = plans.find(({ key }) => key === from)
  if (plan === undefined) return true
  const { Outputs } = readSections(plan.template, { name: plan.name, code: 'config-invalid' })
  const output = isMap(Outputs) ? Outputs[parameter] : undefined
  const condition = isMap(output) ? scalarText(output.Condition) : undefined
  return condition === undefined || new StackProperties(plan.template, plan.parameters).holds(condition)
}

function propertiesOf(plan: StackOutline, plans: readonly StackOutline[]): StackProperties {
  const given = plan.inputs.filter((input) => hasOutput(input, plans)).map(({ parameter }) => [parameter, later])
  return new StackProperties(plan.template, { ...Object.fromEntries(given), ...plan.parameters })
}

function partsOf({ type, properties }: MadeResource, of: StackProperties): readonly Part[] {
  const billing = Object.hasOwn(billings, type) ? billings[type] : undefined
  if (billing !== undefined) return billing(properties, of)
  // CloudFormation runs a function of the stage for a custom resource.
  if (freeTypes.has(type) || Object.hasOwn(usages, type) || type.startsWith('Custom::')) return []
  return [{ service: 'other', part: type, unit: '', count: 1, charges: undefined }]
}

/** Parts of the same kind as one, with what they are billed for together. */
export interface StandingPart {
  readonly service: string
  readonly what: string
  /** `undefined`: nothing is known of its price. */
  readonly charges: readonly Charge[] | undefined
}

function together(parts: readonly Part[]): StandingPart[] {
  const groups = Map.groupBy(parts, ({ part, unit }) => `${part}\n${unit}`)
  return [...groups.values()].flatMap((group): StandingPart[] => {
    const [first] = group
    const count = group.reduce((all, one) => all + one.count, 0)
    if (first === undefined || count === 0) return []
    const { service, part, unit, charges } = first
    const what = unit === '' ? `${part}: ${count}` : `${part}: ${count} × ${unit}`
    const known = Number.isFinite(count) ? charges : undefined
    return [{ service, what, charges: known?.map((one) => ({ ...one, quantity: timesOf(one.quantity, count) })) }]
  })
}

/** What the resources of some stacks are billed for in a month without any traffic. */
export function standingParts(plans: readonly StackOutline[]): StandingPart[] {
  return together(plans.map((plan) => propertiesOf(plan, plans)).flatMap((of) => of.made.flatMap((one) => partsOf(one, of))))
}

function lineOf({ what, charges }: StandingPart, prices: Prices): CostLine {
  const dollars = charges && costOfCharges(charges, prices)
  return { what, dollarsAMonth: dollars === undefined ? null : dollarsNumber(dollars) }
}

function trafficLine(egress: Egress, prices: Prices): CostLine[] {
  const { taken, gigabytes } = egress
  if (taken === 'none') return []
  const traffic = trafficCost(egress, prices)
  const through = taken === 'nat' ? 'NAT' : 'interface endpoints'
  const what = `traffic through ${through}: ${gigabytes} GB`
  return [{ what, dollarsAMonth: traffic === undefined ? null : dollarsNumber(traffic) }]
}

function usageOf(types: ReadonlySet<string>, price: Prices): Usage[] {
  const all = [...types].flatMap((type) => (Object.hasOwn(usages, type) ? (usages[type]?.(price) ?? []) : []))
  return [...new Map(all.map((one) => [one.what, one])).values()]
}

function hasTable(plan: StackOutline): boolean {
  return plan.key === 'data' && planParameters(plan).Registries !== 'redis'
}

/** Whole cents, whose sum is exact. */
function sumOfLines(lines: readonly CostLine[]): number {
  return lines.reduce((all, { dollarsAMonth }) => all + Math.round((dollarsAMonth ?? 0) * 100), 0) / 100
}

/** The fixed monthly cost of some stacks. A part whose price in the region is unknown is a line without a price. */
export function monthlyCost(plans: readonly StackOutline[], region: string): Cost {
  const prices = pricesOf(region)
  const stacks = plans.map((plan) => propertiesOf(plan, plans))
  const network = plans.find(({ key }) => key === 'network')
  const egress = network === undefined ? null : egressOf(network, prices)
  const standing = standingParts(plans).map((part) => lineOf(part, prices))
  const lines = [...standing, ...(egress === null ? [] : trafficLine(egress, prices))]
  return {
    lines,
    dollarsAMonth: sumOfLines(lines),
    atLeast: lines.some(({ dollarsAMonth }) => dollarsAMonth === null),
    egress,
    registry: plans.some(hasTable) ? registryCost(prices) : null,
    usage: usageOf(new Set(stacks.flatMap(({ made }) => made.map(({ type }) => type))), prices),
    source: prices.source,
  }
}
