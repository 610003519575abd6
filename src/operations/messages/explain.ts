import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { isProblemCode, problemTable } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import type { MessageRecord, Owner, Standing } from '../../runtime/ports/index.ts'

/** What happened to a message, in words. */
interface Explanation {
  /** In order. */
  readonly events: readonly { readonly at: number; readonly what: string }[]
  /** Where it is now. */
  readonly now: string
  /** Why it was not delivered. */
  readonly why?: string
  readonly next?: NextStep
}

/** A carrier that has not reported after this long is late, in milliseconds. */
const lateMs = 3_600_000

/** Codes that are not the carrier's. */
const ownCodes: ReadonlyMap<string, string> = new Map([
  ['invalid', "the carrier's table does not take its row"],
  ['alimtalk-not-taken', "the carrier's table has no columns for an alimtalk"],
  ['buttons-not-taken', "the carrier's table has no column for its buttons"],
  ['fallback-not-taken', "the carrier's table has no columns for all of its fallback"],
  ['sandbox-failed', 'the sandbox fails messages to numbers that end in 0002'],
  ['sandbox-no-kakao', 'the sandbox reaches no KakaoTalk at numbers that end in 0007, and it has no fallback'],
])

function meaningOf(code: string): string {
  const own = ownCodes.get(code) ?? (isProblemCode(code) ? problemTable[code].title : undefined)
  return own === undefined ? `Code ${code} of the carrier. Its list of result codes says what it means.` : `Code ${code}: ${own}.`
}

const endings: Readonly<
  Partial<Record<Standing['status'], { readonly what: string; readonly now: string; readonly why?: string }>>
> = {
  delivered: { what: 'The carrier reported it as delivered', now: 'It was delivered.' },
  failed: { what: 'The carrier reported it as failed', now: 'It was not delivered.' },
  expired: {
    what: 'It expired',
    now: 'It was not sent.',
    why: 'Its ttl had run out before it could be handed over to the carrier.',
  },
  rejected: { what: 'It was refused when it was handed over', now: 'It was not sent.' },
  cancelled: { what: 'The customer cancelled it', now: 'It was not sent, and its units were given back.' },
}

function accepted({ facts: { acceptedAt, type, purpose, units, sendAt } }: MessageRecord): Explanation['events'] {
  if (acceptedAt === undefined) return []
  const kind = [type?.toUpperCase(), purpose && `purpose ${purpose}`, units !== undefined && quantity(units, 'unit')]
  const words = kind.filter((word) => typeof word === 'string').join(', ')
  const due = sendAt === undefined ? '' : `, to be sent at ${new Date(sendAt).toISOString()}`
  return [{ at: acceptedAt, what: `The gateway accepted it${words === '' ? '' : ` (${words})`}${due}` }]
}

function noted({ facts, noted: note, outcome }: MessageRecord): Explanation['events'] {
  if (note === undefined) return []
  if (note.status === 'scheduled') return [{ at: note.at, what: 'The worker holds it until its time' }]
  // A row that the table refuses is noted as well.
  if (outcome?.status === 'rejected') return []
  return [
    { at: note.at, what: `The worker wrote it into the table of the carrier${facts.queue ? ` of queue ${facts.queue}` : ''}` },
  ]
}

/** Of a message that has no outcome yet. */
function open({ facts: { sendAt }, noted: note }: MessageRecord, now: number): Pick<Explanation, 'now' | 'next'> {
  if (note?.status === 'scheduled') {
    const isDue = sendAt !== undefined && sendAt <= now
    return isDue
      ? { now: 'It is due, and the worker hands it over within moments.', next: step`if it stays: ${apigw('doctor')}` }
      : {
          now: `It is held${sendAt === undefined ? '' : ` until ${new Date(sendAt).toISOString()}`}. Its customer can still cancel it.`,
        }
  }
  const since = note === undefined ? 0 : now - Math.max(note.at, sendAt ?? 0)
  return since < lateMs
    ? { now: 'It is with the carrier, which has not reported a result yet.' }
    : {
        now: `It is with the carrier, which has not reported anything for ${quantity(Math.floor(since / lateMs), 'hour')}.`,
        next: step`see whether reports are late: ${apigw('doctor')}. If they are not, ask the carrier with this id`,
      }
}

function nextAfter({ customer, environment }: Owner, { status, code }: Standing): NextStep | undefined {
  const env = ['--env', environment]
  if (code === 'recipient-suppressed') return step`see its opt-outs: ${apigw('suppression list', customer, ...env)}`
  if (code === 'invalid' || code?.endsWith('-not-taken'))
    return step`compare the table with what the worker writes: ${apigw('schema status')}`
  return status === 'delivered' || status === 'cancelled'
    ? step`its report: ${apigw('report list', customer, ...env)}`
    : undefined
}

/** What happened to a message, where it is now, and what to do. @param now milliseconds since 1970 */
export function explained(owner: Owner, record: MessageRecord, now: number): Explanation {
  const { outcome, erasedAt } = record
  const erased = erasedAt === undefined ? [] : [{ at: erasedAt, what: 'Its number and text were erased, as was asked for' }]
  const events = [...accepted(record), ...noted(record), ...erased]
  if (outcome === undefined) return { events, ...open(record, now) }
  const { what, now: where, why } = endings[outcome.status] ?? { what: `It became ${outcome.status}`, now: '' }
  const as = outcome.channel === undefined ? '' : ` (${outcome.channel})`
  const reason = outcome.code !== undefined && outcome.status !== 'delivered' ? meaningOf(outcome.code) : why
  const next = nextAfter(owner, outcome)
  return {
    events: [...events, { at: outcome.at, what: `${what}${as}` }].sort((a, b) => a.at - b.at),
    now: where,
    ...(reason !== undefined && { why: reason }),
    ...(next !== undefined && { next }),
  }
}
