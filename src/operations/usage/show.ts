import type { Environment } from '../../domain/names.ts'
import { nothingUsed, type UsageLine, type Used, usedTogether } from '../../domain/usage-lines.ts'
import { type OperatorRegistry, storedProfile } from '../../registry/index.ts'
import { type Period, periodBetween } from './period.ts'
import { readUsage, totalUsage } from './read.ts'

export const groupings = ['day', 'hour', 'type', 'destination', 'route', 'reason'] as const
export type Grouping = (typeof groupings)[number]

/** Days or months of the customer's time zone. */
export interface Asked {
  readonly environment: Environment
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** What a customer used in a period, by one grouping: the sums of all groupings are equal. */
export interface ShownUsage {
  readonly customer: string
  readonly environment: Environment
  readonly timeZone: string
  readonly period: Period
  readonly by: Grouping
  /** Sorted by name. */
  readonly groups: readonly (Used & { readonly name: string })[]
}

/** The group of a line. Refused calls have no type or destination, and messages no reason: `-`. */
function nameIn(by: Grouping, timeZone: string): (line: UsageLine) => string {
  const days = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' })
  const hours = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  // What is kept by the day only has no hour.
  if (by === 'day' || by === 'hour') return ({ hour, span }) => (span === 'day' || by === 'day' ? days : hours).format(hour)
  return (line) => line[by] || (line.reason === '' && by !== 'reason' ? 'unknown' : '-')
}

/** @throws Problem `customer-unknown`, `input-invalid` */
export async function showUsage(registry: OperatorRegistry, customer: string, by: Grouping, asked: Asked): Promise<ShownUsage> {
  const { timeZone } = (await storedProfile(registry, customer)).profile.customer
  const { environment } = asked
  const period = periodBetween(asked, timeZone, await registry.now())
  const nameOf = nameIn(by, timeZone)
  const found = new Map<string, Used>()
  for await (const line of readUsage(registry, { customer, environment }, period)) {
    found.set(nameOf(line), usedTogether(found.get(nameOf(line)) ?? nothingUsed, line))
  }
  const groups = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, used]) => ({ name, ...used }))
  return { customer, environment, timeZone, period, by, groups }
}

/** Customers that are read at the same time. */
const customersAtOnce = 4

export interface CustomerUsage extends Used {
  readonly customer: string
}

/** The customers that took most units in a period of their own calendars, and used anything at all. */
export async function topUsage(registry: OperatorRegistry, limit: number, asked: Asked): Promise<CustomerUsage[]> {
  const now = await registry.now()
  const left = (await registry.customers()).values()
  const found: CustomerUsage[] = []
  const reader = async (): Promise<void> => {
    for (const { id: customer, timeZone } of left) {
      const period = periodBetween(asked, timeZone, now)
      const used = await totalUsage(registry, { customer, environment: asked.environment }, period)
      if (used.accepted.units > 0 || used.refused > 0) found.push({ customer, ...used })
    }
  }
  await Promise.all(Array.from({ length: customersAtOnce }, reader))
  found.sort((a, b) => b.accepted.units - a.accepted.units || (a.customer < b.customer ? -1 : 1))
  return found.slice(0, limit)
}
