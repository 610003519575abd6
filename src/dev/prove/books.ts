import { type Outcome, outcomes } from '../../domain/report.ts'
import type { CarrierOutcome } from './carrier.ts'
import type { Role } from './customers.ts'
import type { SentLog } from './log.ts'
import { type CountedUsage, type LifeUsage, usageShown, usageWrong } from './usage-books.ts'
import { type Wrong, wrongOf } from './wrong.ts'

/** What one customer's messages of one day have come to. */
export interface Balance {
  readonly customer: string
  readonly day: string
  /** Messages that calls were answered 202 for. */
  readonly accepted: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Accepted, and without a report. */
  readonly open: number
  /** Messages with a row whose call was never confirmed: the customer got no 202 for them. */
  readonly unconfirmed: number
  /** Units taken and not given back, in all lives of the registry. */
  readonly units: number
  /** What the answers account for: exactly one figure, but for calls that were under way when the registry lost something. */
  readonly unitsExpected: readonly [number, number]
  /** What was counted as used: messages that a queue took, and messages that ended, in all lives of the registry. */
  readonly usage: { readonly accepted: number; readonly ended: number }
}

/** Units of a customer in one life of the registry, and what its answers account for. */
export interface LifeUnits {
  readonly units: number
  readonly expected: readonly [number, number]
  /** Messages that were sent in it though their call was never confirmed. */
  readonly unconfirmed: number
  readonly usage: LifeUsage
}

/** A member as the end found it. */
interface Account {
  readonly role: Role
  readonly id: string
  readonly day: string
  /** Of the present life. */
  readonly units: number
  /** Of the lives before, which ended when the registry was emptied. */
  readonly closed: readonly LifeUnits[]
  readonly usage: CountedUsage
}

/** A row of the carrier's tables, present and past. */
export interface StoredRow {
  readonly id: string
  readonly ref: string
  readonly customer: string
}

/** All that was seen at the end. */
export interface Evidence {
  readonly log: SentLog
  readonly members: readonly Account[]
  readonly rows: readonly StoredRow[]
  /** Ids that the worker noted as rejected. */
  readonly rejected: ReadonlySet<string>
  /** What customers could read of each message. */
  readonly reports: ReadonlyMap<string, ReadonlySet<string>>
  readonly carrier: ReadonlyMap<string, CarrierOutcome>
  /** Ids of rows that came into the table a second time. */
  readonly repeated: ReadonlySet<string>
  /** Unreadable messages that were put among good ones. */
  readonly planted: readonly { readonly id: string }[]
  /** What the dead-letter queue holds, and what it has to. */
  readonly deadLetters: readonly string[]
  readonly poison: readonly string[]
  readonly oversold: number
}

export interface Books {
  readonly balances: readonly Balance[]
  readonly lost: number
  readonly duplicated: number
  readonly oversold: number
  readonly wrong: readonly Wrong[]
}

/** The units of a customer that its answers account for, at least and at most. */
export function unitsExpected(log: SentLog, customer: string, unconfirmed: number): [number, number] {
  const { sure, unsure, again, back, unsureBack } = log.unitsOf(customer)
  const kept = sure - back
  return [kept - unsureBack, kept + unsure + again + unconfirmed + log.unitsUnderWay(customer)]
}

/** Messages that were refused, or never confirmed, and have a row all the same. */
function rowsOf(of: ReadonlyMap<string, string>, { rows, log }: Evidence): StoredRow[] {
  return rows.filter(({ id, ref }) => of.has(ref) && !log.accepted.has(id))
}

function balanceOf(evidence: Evidence, member: Account, unconfirmed: readonly StoredRow[]): Balance {
  const { id, day, closed } = member
  const { log, reports } = evidence
  const mine = [...log.accepted].filter(([, { customer }]) => customer === id).map(([message]) => message)
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  let open = 0
  for (const message of mine) {
    const [status] = reports.get(message) ?? []
    const outcome = outcomes.find((known) => known === status)
    if (outcome === undefined) open += 1
    else counts[outcome] += 1
  }
  const own = unconfirmed.filter(({ customer }) => customer === id).length
  const before = closed.reduce((sum, life) => sum + life.unconfirmed, 0)
  const present = { units: member.units, expected: unitsExpected(log, id, own - before) }
  const sum = (of: (life: Pick<LifeUnits, 'units' | 'expected'>) => number): number =>
    [...closed, present].reduce((total, life) => total + of(life), 0)
  return {
    customer: id,
    day,
    accepted: mine.length,
    outcomes: counts,
    open,
    unconfirmed: own,
    units: sum(({ units }) => units),
    unitsExpected: [sum(({ expected: [least] }) => least), sum(({ expected: [, most] }) => most)],
    usage: usageShown(member.usage),
  }
}

/** Ids and names that more than one row has. */
function repeatedOf({ rows, repeated, rejected }: Evidence): string[] {
  const twice = new Set(repeated)
  for (const key of ['id', 'ref'] as const) {
    const seen = new Set<string>()
    for (const row of rows) {
      if (seen.has(row[key])) twice.add(row.id)
      seen.add(row[key])
    }
  }
  for (const { id } of rows) if (rejected.has(id)) twice.add(id)
  return [...twice]
}

/** Reports that contradict each other or the carrier, or that are about a message that was never sent. */
function reportsWrong(evidence: Evidence, known: ReadonlySet<string>): Wrong[] {
  const { reports, carrier, rejected, log } = evidence
  const said = [...reports]
  const other = said.filter(([id, words]) => {
    const ended = log.turnedDown.has(id) ? 'failed' : carrier.get(id)
    const unsent = log.cancelled.has(id) ? 'cancelled' : ended
    const expected = rejected.has(id) ? 'rejected' : unsent
    return expected !== undefined && words.size === 1 && !words.has(expected)
  })
  const open = [...log.accepted.keys()].filter((id) => !reports.has(id))
  const named = (some: readonly (readonly [string, unknown])[]): string[] => some.map(([id]) => id)
  return [
    ...wrongOf('accepted messages without a report', open),
    ...wrongOf('messages whose reports say two things', named(said.filter(([, words]) => words.size > 1))),
    ...wrongOf('messages whose report is not what the carrier said', named(other)),
    ...wrongOf('reports of messages that were never sent', named(said.filter(([id]) => !known.has(id)))),
  ]
}

function unitsWrong(balances: readonly Balance[]): Wrong[] {
  return balances.flatMap(({ customer, units, unitsExpected: [least, most] }) => [
    ...wrongOf(`units that customer "${customer}" was charged and has no message for`, [], Math.max(0, units - most)),
    ...wrongOf(`messages that customer "${customer}" was not charged for`, [], Math.max(0, least - units)),
  ])
}

/**
 * Unreadable bodies belong into the dead-letter queue, each as often as it was sent or more: a worker that ends between moving
 * and deleting moves it again. Nothing else belongs there.
 */
function deadLettersWrong({ deadLetters, poison }: Evidence): Wrong[] {
  const there = [...deadLetters]
  const missing = poison.filter((body) => {
    const at = there.indexOf(body)
    if (at >= 0) there.splice(at, 1)
    return at < 0
  })
  const others = deadLetters.filter((body) => !poison.includes(body))
  return [
    ...wrongOf(
      'good envelopes in the dead-letter queue',
      others.map((body) => body.slice(0, 80)),
    ),
    ...wrongOf('unreadable messages that are not in the dead-letter queue', missing),
  ]
}

/** Compares what was accepted with the outcome. */
export function booksOf(evidence: Evidence): Books {
  const { log, rows, rejected, planted, reports } = evidence
  const unconfirmed = rowsOf(log.unconfirmed, evidence)
  const refused = rowsOf(log.refused, evidence)
  const balances = evidence.members.map((member) => balanceOf(evidence, member, unconfirmed))
  const written = new Set(rows.map(({ id }) => id))
  const unsent = new Set([...log.cancelled, ...log.turnedDown])
  const lost = [...log.accepted.keys()].filter((id) => !written.has(id) && !rejected.has(id) && !unsent.has(id))
  const duplicated = repeatedOf(evidence)
  const kept = [...log.accepted].filter(([, message]) => message.refused).map(([id]) => id)
  const plantedIds = new Set(planted.map(({ id }) => id))
  const known = new Set([
    ...log.accepted.keys(),
    ...unconfirmed.map(({ id }) => id),
    ...plantedIds,
    ...refused.map(({ id }) => id),
  ])
  const names = new Set([...log.accepted.values()].map(({ ref }) => ref))
  const unknown = rows.filter(({ id, ref }) => !known.has(id) && !names.has(ref))
  const wrong = [
    ...wrongOf('accepted messages that are lost', lost),
    ...wrongOf('messages that are in the database more than once', duplicated),
    ...wrongOf('messages sold beyond the quota', [], evidence.oversold),
    ...wrongOf(
      'messages that were cancelled and sent all the same',
      [...log.cancelled].filter((id) => written.has(id) || rejected.has(id)),
    ),
    ...wrongOf(
      'advertisements that were refused when they were handed over, and sent all the same',
      [...log.turnedDown].filter((id) => written.has(id) || rejected.has(id)),
    ),
    ...wrongOf(
      'advertisements that were sent although their recipient had opted out',
      [...log.optedOut].filter((id) => written.has(id)),
    ),
    ...wrongOf(
      'messages that were refused and sent all the same',
      refused.map(({ id }) => id),
    ),
    ...wrongOf('rows of messages that no call asked for', [
      ...unknown.map(({ id }) => id),
      ...[...plantedIds].filter((id) => written.has(id)),
    ]),
    ...wrongOf(
      'messages that the table refused and that did not end as rejected',
      kept.filter((id) => !rejected.has(id)),
    ),
    ...wrongOf(
      'unreadable messages of an envelope without a report',
      [...plantedIds].filter((id) => !reports.has(id)),
    ),
    ...reportsWrong(evidence, known),
    ...unitsWrong(balances),
    ...usageWrong(evidence.members.map(({ usage }) => usage)),
    ...deadLettersWrong(evidence),
  ]
  return { balances, lost: lost.length, duplicated: duplicated.length, oversold: evidence.oversold, wrong }
}
