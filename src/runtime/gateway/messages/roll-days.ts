import { windowsAt } from '../../../domain/calendar.ts'
import { countsKeptMs, hourMs, hoursKeptMs, rollable } from '../../../domain/usage.ts'
import { maxCountsMs, type Registry } from '../../../registry/index.ts'
import type { Owner } from '../../ports/index.ts'

type Rolling = Pick<Registry, 'counts' | 'rollCounts'>

/** Half of a span, so that each day is in one as a whole. */
const stepMs = maxCountsMs / 2
/** Steps between what is kept by the hour and what is not kept any longer. */
const steps = Math.ceil((countsKeptMs - hoursKeptMs) / stepMs)

/** Adds up the days of one span that have hours of their own. @returns how many days */
async function rollSpan(registry: Rolling, { customer, environment }: Owner, zone: string, until: number): Promise<number> {
  const hours = await registry.counts(customer, environment, until - maxCountsMs, until)
  const days = new Map(hours.map(({ hour }) => windowsAt(zone, hour).day).map((day) => [day.id, day]))
  let rolled = 0
  for (const day of days.values()) {
    if (day.end > until || rollable(hours, day).length === 0) continue
    await registry.rollCounts(customer, environment, day)
    rolled += 1
  }
  return rolled
}

/**
 * Keeps what a customer used by the day, where it is older than `hoursKeptMs`. One turn looks at the newest days that are, and at
 * four days more, which move on by two with every hour: after eight days it has looked at everything. So it needs to remember nothing,
 * costs two readings, and makes up for any time in which it did not run.
 * @param zone the customer's time zone
 * @param now the registry's clock
 * @returns how many days were added up
 */
export async function rollDays(registry: Rolling, owner: Owner, zone: string, now: number): Promise<number> {
  const newest = now - hoursKeptMs
  const older = newest - (Math.floor(now / hourMs) % steps) * stepMs
  const rolled = await rollSpan(registry, owner, zone, newest)
  return older === newest ? rolled : rolled + (await rollSpan(registry, owner, zone, older))
}
