import { windowsAt } from '../../../domain/calendar.ts'
import { type Counts, endedNames, hourMs, lateName, unknownKind } from '../../../domain/usage.ts'
import type { Registry } from '../../../registry/index.ts'
import type { Ended, Ledger, Owner } from '../../ports/index.ts'

/** Readings of one turn: what is left is counted in the next. */
const maxReadings = 50

/**
 * @param zone the customer's time zone; '': nothing was admitted yet, and months are not distinguished
 * @param now the registry's clock. Where the month ends within the hour, messages of it are marked too: they may be counted in the next
 */
function countsOf(ended: readonly Ended[], zone: string, now: number): Counts {
  const counts: Record<string, number> = {}
  const add = (name: string, by: number): void => {
    counts[name] = (counts[name] ?? 0) + by
  }
  const thisMonth = zone === '' ? undefined : windowsAt(zone, now + hourMs).month
  for (const { status, kind = unknownKind, units, acceptedAt } of ended) {
    const [messages, ofUnits] = endedNames(status, kind)
    add(messages, 1)
    add(ofUnits, units)
    if (thisMonth === undefined || acceptedAt === undefined || acceptedAt >= thisMonth.start) continue
    add(lateName(status, kind, windowsAt(zone, acceptedAt).month.id), 1)
  }
  return counts
}

/**
 * Counts how one customer's messages ended, from the reports in the ledger. The registry stores up to where, in the step that
 * counts: nothing is counted twice or left out, also where two gateways do it, and wherever it is interrupted.
 * @returns how many messages were counted
 */
export async function countReports(
  registry: Pick<Registry, 'reportsCounted' | 'countReports' | 'usage'>,
  ledger: Pick<Ledger, 'ended'>,
  { customer, environment }: Owner,
): Promise<number> {
  let counted = 0
  let seen = await registry.reportsCounted(customer, environment)
  for (let reading = 0; reading < maxReadings; reading++) {
    const { ended, cursor, more } = await ledger.ended({ customer, environment }, seen)
    if (cursor === seen || !more) return counted
    const { usage, now } = await registry.usage(customer, environment)
    const counts = countsOf(ended, usage.zone, now)
    if (!(await registry.countReports(customer, environment, { seen, cursor, counts }))) return counted
    counted += ended.length
    seen = cursor
  }
  return counted
}
