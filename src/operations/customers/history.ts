import type { HistoryEntry, OperatorRegistry } from '../../registry/index.ts'

/** Which lines of the audit log. All conditions must hold. */
export interface HistoryFilter {
  readonly customer?: string | undefined
  /** A part of who made the change. */
  readonly who?: string | undefined
  /** A part of what was changed. */
  readonly what?: string | undefined
  /** Milliseconds since 1970: not before, and before. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly limit: number
}

/** As many lines as a registry is asked for at once. */
const maxRead = 10_000

function includes(text: string, part: string | undefined): boolean {
  return part === undefined || text.toLowerCase().includes(part.toLowerCase())
}

/**
 * Lines of the audit log, newest first.
 * @returns `cut`: the log has older lines that were not looked at
 */
export async function findHistory(
  registry: Pick<OperatorRegistry, 'history'>,
  filter: HistoryFilter,
): Promise<{ readonly entries: readonly HistoryEntry[]; readonly cut: boolean }> {
  const { customer, who, what, since = 0, until = Number.POSITIVE_INFINITY, limit } = filter
  const isPlain = who === undefined && what === undefined && since === 0 && until === Number.POSITIVE_INFINITY
  const read = await registry.history(customer, isPlain ? limit : maxRead)
  const found = read.filter((one) => one.at >= since && one.at < until && includes(one.who, who) && includes(one.what, what))
  const oldest = read.at(-1)?.at ?? 0
  return { entries: found.slice(0, limit), cut: read.length === maxRead && oldest >= since && found.length < limit }
}
