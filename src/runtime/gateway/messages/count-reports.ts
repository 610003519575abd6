import { type Counts, endedNames, unknownKind } from '../../../domain/usage.ts'
import type { Registry } from '../../../registry/index.ts'
import type { Ended, Ledger, Owner } from '../../ports/index.ts'

/** Readings of one turn: what is left is counted in the next. */
const maxReadings = 50

function countsOf(ended: readonly Ended[]): Counts {
  const counts: Record<string, number> = {}
  for (const { status, kind = unknownKind, units } of ended) {
    const [messages, ofUnits] = endedNames(status, kind)
    counts[messages] = (counts[messages] ?? 0) + 1
    counts[ofUnits] = (counts[ofUnits] ?? 0) + units
  }
  return counts
}

/**
 * Counts how one customer's messages ended, from the reports in the ledger. The registry stores up to where, in the step that
 * counts: nothing is counted twice or left out, also where two gateways do it, and wherever it is interrupted.
 * @returns how many messages were counted
 */
export async function countReports(
  registry: Pick<Registry, 'reportsCounted' | 'countReports'>,
  ledger: Pick<Ledger, 'ended'>,
  { customer, environment }: Owner,
): Promise<number> {
  let counted = 0
  let seen = await registry.reportsCounted(customer, environment)
  for (let reading = 0; reading < maxReadings; reading++) {
    const { ended, cursor, more } = await ledger.ended({ customer, environment }, seen)
    if (cursor === seen || !more) return counted
    const counts = countsOf(ended)
    if (!(await registry.countReports(customer, environment, { seen, cursor, counts }))) return counted
    counted += ended.length
    seen = cursor
  }
  return counted
}
