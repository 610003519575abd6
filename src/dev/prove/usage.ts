import { hourMs } from '../../domain/usage.ts'
import { linesOf, nothingUsed, type Used, usedTogether } from '../../domain/usage-lines.ts'
import { countReports } from '../../runtime/gateway/index.ts'
import type { Ledger } from '../../runtime/ports/index.ts'
import { insist } from './patience.ts'
import { openStore, withRegistry } from './registry.ts'

/** Days before and after now in which a proof counts: it lasts hours, and some of its clocks are ahead. */
const spanMs = 36 * hourMs

/** What the registry counted of a customer. */
export function usedBy(address: string, customer: string, signal: AbortSignal): Promise<Used> {
  return insist('read what was counted', signal, () =>
    withRegistry(address, async (registry) => {
      const now = await registry.now()
      const owner = { customer, environment: 'live' } as const
      const hours = await registry.counts(customer, 'live', now - spanMs, now + spanMs)
      return hours.flatMap((hour) => linesOf(owner, hour)).reduce<Used>(usedTogether, nothingUsed)
    }),
  )
}

/** Counts the reports that gateways have not counted yet, by the same code. */
export function allCounted(address: string, ledger: Ledger, customer: string, signal: AbortSignal): Promise<void> {
  return insist('count what was reported', signal, async () => {
    const registry = await openStore(address)
    try {
      while ((await countReports(registry, ledger, { customer, environment: 'live' })) > 0);
    } finally {
      await registry.close()
    }
  })
}

const idsARead = 100

/** How messages ended by the rows of the ledger. */
export async function ledgerOf(
  ledger: Pick<Ledger, 'standings'>,
  customer: string,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let from = 0; from < ids.length; from += idsARead) {
    const standings = await ledger.standings({ customer, environment: 'live' }, ids.slice(from, from + idsARead))
    for (const { status } of standings.values()) found.set(status, (found.get(status) ?? 0) + 1)
  }
  return found
}
