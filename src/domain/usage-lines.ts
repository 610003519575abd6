import { refusals } from './admission.ts'
import type { Environment } from './names.ts'
import { outcomes } from './report.ts'
import { type Counts, dayName, type HourCounts } from './usage.ts'

/** How messages end, as it is counted. What an older or newer version says otherwise is `other`. */
export const endings = [...outcomes, 'other'] as const
export type Ending = (typeof endings)[number]

/** What is counted of messages: how many, and their units. */
export interface Amount {
  readonly messages: number
  readonly units: number
}

/** What was used: of messages, or of calls that were refused. */
export interface Used {
  readonly accepted: Amount
  /** That no queue took: their units came back with the answer of the call, or soon after. They have no report. */
  readonly unsent: Amount
  /** That were cancelled or refused later, and whose units came back. They are among those that ended. */
  readonly repaid: Amount
  /** By how they ended. */
  readonly ended: Readonly<Record<Ending, Amount>>
  /** Refused calls. */
  readonly refused: number
}

/** What was used of one kind, or refused for one reason, in one hour. */
export interface UsageLine extends Used {
  readonly hour: number
  /** Whether it is of that hour, or of the whole day that begins with it. */
  readonly span: 'hour' | 'day'
  readonly customer: string
  readonly environment: Environment
  /** The API that took the call; '': not known. */
  readonly route: string
  /** Of messages: the type, and the calling code of the destination. '': not known, or refused calls. */
  readonly type: string
  readonly destination: string
  /** Of refused calls; '': messages. */
  readonly reason: string
}

const none: Amount = { messages: 0, units: 0 }

export const nothingUsed: Used = {
  accepted: none,
  unsent: none,
  repaid: none,
  ended: { delivered: none, failed: none, expired: none, rejected: none, cancelled: none, other: none },
  refused: 0,
}

function sum(a: Amount, b: Amount): Amount {
  return { messages: a.messages + b.messages, units: a.units + b.units }
}

export function usedTogether(a: Used, b: Used): Used {
  const ended = { ...a.ended }
  for (const ending of endings) ended[ending] = sum(a.ended[ending], b.ended[ending])
  return {
    accepted: sum(a.accepted, b.accepted),
    unsent: sum(a.unsent, b.unsent),
    repaid: sum(a.repaid, b.repaid),
    ended,
    refused: a.refused + b.refused,
  }
}

/** Messages that were accepted and have not ended. Negative: more ended in the period than were accepted in it. */
export function openOf({ accepted, unsent, ended }: Used): number {
  return accepted.messages - unsent.messages - endings.reduce((all, ending) => all + ended[ending].messages, 0)
}

function endingOf(text: string | undefined): Ending {
  return endings.find((known) => known === text) ?? 'other'
}

/** What one counter says, and of which line. A counter that this version does not know says nothing. */
function readCounter(name: string, value: number): { readonly line: string; readonly used: Used } | undefined {
  const [what = '', ...of] = name.split('|')
  const kind = of.join('|')
  switch (what) {
    case 'a':
      return { line: kind, used: { ...nothingUsed, accepted: { messages: value, units: 0 } } }
    case 'u':
      return { line: kind, used: { ...nothingUsed, accepted: { messages: 0, units: value } } }
    case 'b':
      return { line: kind, used: { ...nothingUsed, unsent: { messages: value, units: 0 } } }
    case 'v':
      return { line: kind, used: { ...nothingUsed, unsent: { messages: 0, units: value } } }
    case 'g':
      return { line: kind, used: { ...nothingUsed, repaid: { messages: value, units: 0 } } }
    case 'h':
      return { line: kind, used: { ...nothingUsed, repaid: { messages: 0, units: value } } }
    case 'o':
    case 'p': {
      const [outcome, ...rest] = of
      const amount = what === 'o' ? { messages: value, units: 0 } : { messages: 0, units: value }
      const ended = { ...nothingUsed.ended, [endingOf(outcome)]: amount }
      return { line: rest.join('|'), used: { ...nothingUsed, ended } }
    }
    case 'r': {
      const [route = '', said] = of
      const reason = refusals.find((known) => known === said) ?? 'other'
      return { line: `${route}|||${reason}`, used: { ...nothingUsed, refused: value } }
    }
    default:
      return undefined
  }
}

/** Messages that ended after the month in which they were accepted. They are among those that ended in the same hour. */
export interface Late {
  /** In which they were accepted: `2026-10`. */
  readonly month: string
  readonly ending: Ending
  readonly type: string
  readonly destination: string
  readonly messages: number
}

/** What the counters of an hour say of messages whose month of acceptance is known (`lateName`). */
export function lateOf({ counts }: HourCounts): Late[] {
  return Object.entries(counts).flatMap(([name, messages]) => {
    const [what, outcome, , type = '', destination = '', month] = name.split('|')
    return what === 'l' && month !== undefined ? [{ month, ending: endingOf(outcome), type, destination, messages }] : []
  })
}

function usedByLine(counts: Counts): Map<string, Used> {
  const lines = new Map<string, Used>()
  for (const [name, value] of Object.entries(counts)) {
    const read = readCounter(name, value)
    if (read === undefined) continue
    lines.set(read.line, usedTogether(lines.get(read.line) ?? nothingUsed, read.used))
  }
  return lines
}

/** The counters of an hour as lines, by route, type, destination and reason. */
export function linesOf(
  { customer, environment }: { readonly customer: string; readonly environment: Environment },
  { hour, counts }: HourCounts,
): UsageLine[] {
  const span = counts[dayName] === undefined ? 'hour' : 'day'
  const sorted = [...usedByLine(counts)].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([line, used]) => {
    const [route = '', type = '', destination = '', reason = ''] = line.split('|')
    return { hour, span, customer, environment, route, type, destination, reason, ...used }
  })
}

/** What was spent for one type of message through one route. */
export interface Spent {
  readonly route: string
  readonly type: string
  readonly messages: number
  /** That were taken. */
  readonly units: number
  /** Of messages that were not sent: they came back. */
  readonly returned: number
}

/** What was spent by what, most units first. */
export function spentBy(lines: Iterable<UsageLine>): Spent[] {
  const groups = new Map<string, Spent>()
  for (const { route, type, reason, accepted, unsent, repaid } of lines) {
    if (reason !== '') continue
    const { messages = 0, units = 0, returned = 0 } = groups.get(`${route}|${type}`) ?? {}
    groups.set(`${route}|${type}`, {
      route: route || 'unknown',
      type: type || 'unknown',
      messages: messages + accepted.messages,
      units: units + accepted.units,
      returned: returned + unsent.units + repaid.units,
    })
  }
  return [...groups.values()].sort((a, b) => b.units - a.units || (a.type < b.type ? -1 : 1))
}
