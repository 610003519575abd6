import { setTimeout as pause } from 'node:timers/promises'
import { networkKey } from '../../../domain/address.ts'
import { maxCustomerIdLength } from '../../../domain/names.ts'

/** So many failures in a minute cost nothing: people mistype, and deployments start with yesterday's secret. */
const free = 20
const windowMs = 60_000
const firstDelayMs = 100
const maxDelayMs = 2_000
const maxPairs = 50_000
/** Waiting answers hold memory and a connection each; beyond so many the next are answered at once. */
const maxWaiting = 1_000

/**
 * Delays failed attempts per pair of customer and network. Of IPv6 it uses the first 64 bits, because a host has all the
 * rest to itself. Only answers that refuse are delayed: the real
 * customer's valid credentials are never delayed, from any address, so an attacker cannot lock the customer out.
 */
export function failureDelay(
  now: () => number,
  sleep: (milliseconds: number) => Promise<void> = pause,
): (customer: string, address: string) => Promise<void> {
  const failures = new Map<string, { count: number; since: number }>()
  let waiting = 0

  return async (customer, address) => {
    const pair = `${networkKey(address) ?? 'unknown'} ${customer.slice(0, maxCustomerIdLength)}`
    let entry = failures.get(pair)
    if (entry === undefined || now() - entry.since >= windowMs) {
      // Anew at the end, so that the first is the oldest. One goes, not all: or made-up ids would wipe a guesser's own count.
      failures.delete(pair)
      const oldest = failures.size >= maxPairs ? failures.keys().next().value : undefined
      if (oldest !== undefined) failures.delete(oldest)
      entry = { count: 0, since: now() }
      failures.set(pair, entry)
    }
    entry.count += 1
    if (entry.count <= free || waiting >= maxWaiting) return
    waiting += 1
    try {
      await sleep(Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(10, entry.count - free - 1)))
    } finally {
      waiting -= 1
    }
  }
}
