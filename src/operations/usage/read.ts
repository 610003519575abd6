import type { Environment } from '../../domain/names.ts'
import type { HourCounts } from '../../domain/usage.ts'
import { linesOf, nothingUsed, type UsageLine, type Used, usedTogether } from '../../domain/usage-lines.ts'
import { maxCountsMs, type OperatorRegistry } from '../../registry/index.ts'
import type { Period } from './period.ts'

/** Readings of one customer that are under way at the same time. */
const atOnce = 8

export interface Owner {
  readonly customer: string
  readonly environment: Environment
}

type CountsReader = Pick<OperatorRegistry, 'counts'>

/** What was counted of one customer, hour by hour. It holds a few days at a time. */
export async function* readHours(registry: CountsReader, owner: Owner, { start, end }: Period): AsyncGenerator<HourCounts> {
  for (let from = start; from < end; from += atOnce * maxCountsMs) {
    const spans = Array.from({ length: atOnce }, (_, at) => from + at * maxCountsMs).filter((one) => one < end)
    const read = spans.map((one) => registry.counts(owner.customer, owner.environment, one, Math.min(one + maxCountsMs, end)))
    for (const hours of await Promise.all(read)) yield* hours
  }
}

/** What one customer used, hour by hour. */
export async function* readUsage(registry: CountsReader, owner: Owner, period: Period): AsyncGenerator<UsageLine> {
  for await (const hour of readHours(registry, owner, period)) yield* linesOf(owner, hour)
}

/** What one customer used in a period, in all. */
export async function totalUsage(registry: CountsReader, owner: Owner, period: Period): Promise<Used> {
  let total = nothingUsed
  for await (const line of readUsage(registry, owner, period)) total = usedTogether(total, line)
  return total
}
