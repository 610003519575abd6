import { type Severity, severities } from '../../domain/alerting.ts'
import type { Collected, Memory } from './memory/memory.ts'
import type { Burst } from './slack/message.ts'

function maxFirst(names: readonly string[]): { name: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => ({ name, count })).sort((one, other) => other.count - one.count)
}

function severityOf(text: string): Severity {
  return severities.find((one) => one === text) ?? 'low'
}

/** Alerts of the same rule, counted; the worst and the most frequent first. */
export function burstsOf(alerts: readonly Collected[]): Burst[] {
  return [...Map.groupBy(alerts, ({ rule }) => rule)]
    .map(([rule, all]) => ({
      rule,
      severity: severityOf(all[0]?.severity ?? ''),
      title: all[0]?.title ?? rule,
      count: all.length,
      from: all.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY),
      to: all.reduce((most, { at }) => Math.max(most, at), 0),
      actors: maxFirst(all.map(({ actor }) => actor)),
      actions: maxFirst(all.map(({ action }) => action)),
    }))
    .sort((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity) || other.count - one.count)
}

/**
 * Sends the collected alerts that are due. They are removed only after they were sent. A run that ends in between finds the
 * digest locked for a minute, and then sends it again.
 * @returns how many alerts were sent
 * @throws NotPosted, and what the memory throws
 */
export async function tellDue(
  memory: Memory,
  sendBursts: (rule: string, bursts: readonly Burst[]) => Promise<void>,
  now: number,
): Promise<number> {
  let sent = 0
  for (const [due, some] of Map.groupBy(await memory.due(now), (one) => one.due)) {
    const key = `digest:${due}`
    const report = `${some.length}:${some[0]?.alert.key}`
    const taken = await memory.take(key, report)
    if (taken === 'busy') continue
    if (taken !== 'sent') {
      try {
        await sendBursts('digest', burstsOf(some.map(({ alert }) => alert)))
      } catch (error) {
        await memory.release(key, report)
        throw error
      }
      await memory.settle(key, report)
    }
    await memory.markSent(some)
    sent += some.length
  }
  return sent
}
