import { hoursAMonth, type PriceKey, type Prices } from '../../../domain/aws-prices.ts'
import { costOfCharges } from '../../../domain/cost-charges.ts'
import { type Dollars, dollarsNumber, quantityOf } from '../../../domain/dollars.ts'
import type { StackOutline } from '../plan.ts'
import { effectiveParameters, interfaceEndpoints, mapped } from '../template.ts'

export type EgressMode = 'endpoints' | 'nat' | 'none'

/** The monthly cost of both egress options, for the stage's configured traffic. `null`: a price is unknown. */
export interface Egress {
  readonly endpoints: number | null
  readonly nat: number | null
  readonly gigabytes: number
  readonly taken: EgressMode
}

/** What each egress option has, whichever is taken. */
export interface EgressParts {
  readonly taken: EgressMode
  /** Interface endpoints, once for each zone. */
  readonly endpointZones: number
  readonly natGateways: number
  /** A month, as the stage states it. */
  readonly gigabytes: number
}

/** The template maps `cheaper` to an option, by traffic tiers. */
function egressMode(template: string, values: Readonly<Record<string, string | undefined>>): EgressMode {
  const { Egress: asked, Containers = '', MonthlyGigabytes = '' } = values
  const way = asked === 'cheaper' ? mapped(template, 'Cheaper', Containers, MonthlyGigabytes) : asked
  return way === 'endpoints' || way === 'nat' ? way : 'none'
}

export function egressParts({ template, parameters }: StackOutline): EgressParts {
  const values = effectiveParameters(template, parameters)
  return {
    taken: egressMode(template, values),
    endpointZones: Number(values.EndpointZones) * interfaceEndpoints(template, values.Containers === 'yes'),
    natGateways: Number(values.NatGateways),
    gigabytes: Number(values.MonthlyGigabytes),
  }
}

type Amount = readonly [key: PriceKey, count: number]

/** `undefined`: a price is unknown, or the template does not say how many. */
function total(prices: Prices, ...amounts: readonly Amount[]): Dollars | undefined {
  if (!amounts.every(([, count]) => Number.isFinite(count))) return undefined
  return costOfCharges(
    amounts.map(([key, count]) => ({ key, quantity: quantityOf(count) })),
    prices,
  )
}

const shown = (dollars: Dollars | undefined): number | null => (dollars === undefined ? null : dollarsNumber(dollars, 6))

export function egressOf(plan: StackOutline, prices: Prices): Egress {
  const { taken, endpointZones, natGateways, gigabytes } = egressParts(plan)
  const natHours = hoursAMonth * natGateways
  return {
    endpoints: shown(total(prices, ['endpointHour', hoursAMonth * endpointZones], ['endpointGigabyte', gigabytes])),
    nat: shown(total(prices, ['natHour', natHours], ['publicAddressHour', natHours], ['natGigabyte', gigabytes])),
    gigabytes,
    taken,
  }
}

/** What the traffic costs in the option that is taken. */
export function trafficCost({ taken, gigabytes }: Egress, prices: Prices): Dollars | undefined {
  return total(prices, [taken === 'nat' ? 'natGigabyte' : 'endpointGigabyte', gigabytes])
}
