import { type Books, booksOf, type Evidence, type LifeUnits, type StoredRow, unitsExpected } from './books.ts'
import type { Carrier } from './carrier.ts'
import type { Member, Members, Role } from './customers.ts'
import { reconciled, unitsTaken } from './customers.ts'
import type { RowStore, SqlRow } from './database.ts'
import type { SentLog } from './log.ts'
import { insist, waitFor } from './patience.ts'
import type { Reader } from './reader.ts'
import { deadLetters, queueName, type Stage } from './stage.ts'
import { allCounted, ledgerOf, usedBy } from './usage.ts'
import type { CountedUsage, LifeUsage } from './usage-books.ts'
import { type Wrong, wrongOf } from './wrong.ts'

/** Longest that nothing may change before what is missing counts as missing. */
const stuckMs = 90_000
const settleMs = 900_000
/** Units of an unconfirmed call may be refunded only after the registry stops waiting for it. */
const unitsMs = 150_000
const everyMs = 500

export interface CheckParts {
  readonly stage: Stage
  readonly members: Members
  readonly log: SentLog
  readonly carrier: Carrier
  readonly readers: readonly Reader[]
  /** Units of the lives of the registry that are over, by customer. */
  readonly closed: Map<string, LifeUnits[]>
  /** Malformed bodies that were put into the queue. */
  readonly poison: readonly string[]
  readonly signal: AbortSignal
}

/** Takes in what the worker rejected. @returns the ids */
export async function loadRejected(rows: RowStore, log: SentLog): Promise<Set<string>> {
  const rejected = (await rows.sql.all('SELECT msg_id FROM ingest_rejected')).map((row) => String(row.msg_id))
  for (const id of rejected) log.saw(id)
  return new Set(rejected)
}

function reportsOf(readers: readonly Reader[]): Map<string, ReadonlySet<string>> {
  return new Map(readers.flatMap((reader) => [...reader.statuses]))
}

/** SQS messages that a worker has still to deal with. */
function queued({ emulator }: Stage): number {
  const { ready = [], inflight = [], delayed = [] } = emulator.inspectQueue(queueName)?.messages ?? {}
  return ready.length + inflight.length + delayed.length
}

/** What is still to happen: 0 when nothing is. */
async function leftOver({ stage, log, readers }: CheckParts): Promise<number> {
  await loadRejected(stage.rows, log).catch(() => undefined)
  const reports = reportsOf(readers)
  const unreported = [...log.accepted.keys()].filter((id) => !reports.has(id)).length
  const planted = stage.spoiler.planted.filter(({ id }) => !reports.has(id)).length
  return queued(stage) + log.waiting.size + unreported + planted
}

/** Waits until all has come to its end, or until nothing has changed for a minute and a half. */
export async function settle(parts: CheckParts): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  let changedAt = Date.now()
  const ended = async (): Promise<boolean> => {
    const left = await leftOver(parts)
    if (left < least) changedAt = Date.now()
    least = Math.min(least, left)
    return left === 0 || Date.now() - changedAt > stuckMs
  }
  await waitFor(settleMs, parts.signal, ended, everyMs)
}

/** Rows of unconfirmed messages of a customer. */
function unconfirmedRows({ log, carrier }: CheckParts, customer: string): number {
  let count = 0
  for (const [id, ref] of carrier.refs) if (log.unconfirmed.get(ref) === customer && !log.accepted.has(id)) count += 1
  return count
}

/** Waits until a customer's units are what its answers account for. @returns them, as they are at last */
async function unitsAtRest(parts: CheckParts, { id }: Member): Promise<LifeUnits> {
  const { stage, log, signal } = parts
  const before = (parts.closed.get(id) ?? []).reduce((sum, life) => sum + life.unconfirmed, 0)
  const nothing: LifeUsage = { accepted: 0, units: 0, ofQuota: 0, unsure: 0 }
  let life: LifeUnits = { units: 0, expected: [0, 0], unconfirmed: 0, usage: nothing }
  const balanced = async (): Promise<boolean> => {
    const unconfirmed = unconfirmedRows(parts, id) - before
    // Before, or a message that is on its way would count as one that was never sent.
    if (queued(stage) === 0) await reconciled(stage.registry.address, stage.reports, id, signal)
    const units = await unitsTaken(stage.registry.address, id, signal)
    const { accepted, unsent, repaid } = await usedBy(stage.registry.address, id, signal)
    const { unsure, unsureBack, again } = log.unitsOf(id)
    const usage = {
      accepted: accepted.messages - unsent.messages,
      units: accepted.units - unsent.units - repaid.units,
      ofQuota: units,
      unsure: unsure + unsureBack + again + log.unitsUnderWay(id),
    }
    life = { units, expected: unitsExpected(log, id, unconfirmed), unconfirmed, usage }
    return life.expected[0] <= units && units <= life.expected[1] && usage.units === units
  }
  await waitFor(unitsMs, signal, balanced, everyMs)
  return life
}

/** Compares the units counted since the registry started with the answers, and records them. */
export async function closeLife(parts: CheckParts): Promise<Wrong[]> {
  const found = await Promise.all(
    Object.values(parts.members).map(async (member) => {
      const life = await unitsAtRest(parts, member)
      parts.closed.set(member.id, [...(parts.closed.get(member.id) ?? []), life])
      const off = Math.max(life.units - life.expected[1], life.expected[0] - life.units)
      return wrongOf(`units of customer "${member.id}" that were off when the registry was emptied`, [], Math.max(0, off))
    }),
  )
  return found.flat()
}

/** Every row of the carrier's table, and of the monthly ones that the worker moves rows into. */
async function allRows({ rows }: Stage, signal: AbortSignal): Promise<StoredRow[]> {
  return insist('read the rows', signal, async () => {
    const names =
      rows.kind === 'sqlite'
        ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'carrier_a_log_%'"
        : `SELECT table_name AS name FROM information_schema.tables WHERE table_name LIKE 'carrier_a_log_%'`
    const logs = (await rows.sql.all(names)).map(({ name }) => String(name))
    const found: SqlRow[] = []
    for (const table of ['carrier_a', ...logs]) found.push(...(await rows.sql.all(`SELECT id, ref, customer FROM ${table}`)))
    return found.map(({ id, ref, customer }) => ({ id: String(id), ref: String(ref), customer: String(customer) }))
  })
}

/** What was counted of a customer in all, and what the ledger and the tables have of it. */
async function usageOf(
  parts: CheckParts,
  { id }: Member,
  lives: readonly LifeUsage[],
  evidence: UsageEvidence,
): Promise<CountedUsage> {
  const { stage, log, signal } = parts
  const { rows, rejected, reported } = evidence
  await allCounted(stage.registry.address, stage.reports, id, signal)
  const { ended } = await usedBy(stage.registry.address, id, signal)
  const mine = [...log.accepted].filter(([, { customer }]) => customer === id).map(([message]) => message)
  const ids = [...new Set([...mine, ...reported.keys()])]
  const ledger = await insist('read the rows of the ledger', signal, () => ledgerOf(stage.reports, id, ids))
  const ends = [rejected, log.cancelled, log.turnedDown]
  const there = new Set(rows.filter(({ customer }) => customer === id).map((row) => row.id))
  for (const message of mine) if (ends.some((some) => some.has(message))) there.add(message)
  return { customer: id, lives, ended, ledger, rows: there.size }
}

interface UsageEvidence {
  readonly rows: readonly StoredRow[]
  readonly rejected: ReadonlySet<string>
  readonly reported: ReadonlyMap<string, unknown>
}

/** Gathers the evidence when nothing is under way any more, and balances the books. */
export async function check(parts: CheckParts, oversold: number): Promise<Books> {
  const { stage, members, log, carrier, readers, signal } = parts
  const entries = Object.entries(members) as [Role, Member][]
  const rows = await allRows(stage, signal)
  const rejected = await insist('read what was rejected', signal, () => loadRejected(stage.rows, log))
  const all = await Promise.all(
    entries.map(async ([role, member], at): Promise<Evidence['members'][number]> => {
      const { units, usage: present } = await unitsAtRest(parts, member)
      const closed = parts.closed.get(member.id) ?? []
      const lives = [...closed.map((life) => life.usage), present]
      const reported = readers[at]?.statuses ?? new Map()
      const usage = await usageOf(parts, member, lives, { rows, rejected, reported })
      const day = new Intl.DateTimeFormat('sv-SE', { timeZone: member.profile.customer.timeZone }).format(Date.now())
      return { role, id: member.id, day, units, closed, usage }
    }),
  )
  return booksOf({
    log,
    members: all,
    rows,
    rejected,
    reports: reportsOf(readers),
    carrier: carrier.outcomes,
    repeated: carrier.repeated,
    planted: stage.spoiler.planted,
    deadLetters: (stage.emulator.inspectQueue(deadLetters)?.messages.ready ?? []).map(({ body }) => body),
    poison: parts.poison,
    oversold,
  })
}
