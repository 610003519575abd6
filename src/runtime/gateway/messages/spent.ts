import type { Windows } from '../../../domain/calendar.ts'
import { linesOf, type Spent, spentBy } from '../../../domain/usage-lines.ts'
import type { Registry } from '../../../registry/index.ts'
import type { Owner } from '../../ports/index.ts'

/** How old an answer may be: clients poll their quota, and a month has up to 744 hours to read. */
const freshMs = 60_000
const maxKnown = 1_000

/** What was spent by what. */
export interface SpentByWhat {
  readonly day: readonly Spent[]
  readonly month: readonly Spent[]
}

interface Known {
  readonly spent: Promise<SpentByWhat>
  readonly day: string
  readonly until: number
}

const known = new WeakMap<Pick<Registry, 'counts'>, Map<string, Known>>()

async function read(registry: Pick<Registry, 'counts'>, owner: Owner, { day, month }: Windows): Promise<SpentByWhat> {
  const hours = await registry.counts(owner.customer, owner.environment, month.start, month.end)
  const lines = hours.flatMap((hour) => linesOf(owner, hour))
  return { day: spentBy(lines.filter(({ hour }) => hour >= day.start)), month: spentBy(lines) }
}

/**
 * What a customer spent in the day and in the month by type and route, up to a minute ago.
 * @param now milliseconds since 1970
 */
export function spentByWhat(
  registry: Pick<Registry, 'counts'>,
  owner: Owner,
  windows: Windows,
  now: number,
): Promise<SpentByWhat> {
  const all = known.get(registry) ?? new Map<string, Known>()
  known.set(registry, all)
  const name = `${owner.environment}/${owner.customer}`
  const before = all.get(name)
  if (before !== undefined && now < before.until && before.day === windows.day.id) return before.spent
  if (all.size >= maxKnown) all.clear()
  const spent = read(registry, owner, windows)
  all.set(name, { spent, day: windows.day.id, until: now + freshMs })
  // A failure is not kept for others.
  spent.catch(() => all.delete(name))
  return spent
}
