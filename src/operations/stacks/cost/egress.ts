import type { StackPlan } from '../plan.ts'
import { effectiveParameters, interfaceEndpoints, mapped } from '../template.ts'
import { hoursAMonth, type Prices } from './prices.ts'

type EgressMode = 'endpoints' | 'nat' | 'none'

/** The monthly cost of both egress options, for the stage's configured traffic. `null`: a price is unknown. */
export interface Egress {
  readonly endpoints: number | null
  readonly nat: number | null
  readonly gigabytes: number
  readonly taken: EgressMode
}

/** The template maps `cheaper` to an option, by traffic tiers. */
function egressMode(template: string, values: Readonly<Record<string, string | undefined>>): EgressMode {
  const { Egress: asked, Containers = '', MonthlyGigabytes = '' } = values
  const way = asked === 'cheaper' ? mapped(template, 'Cheaper', Containers, MonthlyGigabytes) : asked
  return way === 'endpoints' || way === 'nat' ? way : 'none'
}

function sum(...parts: readonly (readonly [price: number | undefined, count: number])[]): number | null {
  let all = 0
  for (const [price, count] of parts) {
    if (price === undefined) return null
    all += price * count
  }
  return all
}

export function egressOf({ template, parameters }: StackPlan, price: Prices): Egress {
  const values = effectiveParameters(template, parameters)
  const gigabytes = Number(values.MonthlyGigabytes)
  const gateways = hoursAMonth * Number(values.NatGateways)
  const endpointHours = hoursAMonth * Number(values.EndpointZones) * interfaceEndpoints(template, values.Containers === 'yes')
  return {
    endpoints: sum([price.endpointHour, endpointHours], [price.endpointGigabyte, gigabytes]),
    nat: sum([price.natHour, gateways], [price.publicAddressHour, gateways], [price.natGigabyte, gigabytes]),
    gigabytes,
    taken: egressMode(template, values),
  }
}

/** What the traffic costs in the option that is taken. */
export function trafficCost({ taken, gigabytes }: Egress, price: Prices): number | null {
  return sum([taken === 'nat' ? price.natGigabyte : price.endpointGigabyte, gigabytes])
}
