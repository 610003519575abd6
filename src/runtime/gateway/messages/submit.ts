import { hash } from 'node:crypto'
import { type MessageStanding, maxRunMs } from '../../../domain/admission.ts'
import { randomId } from '../../../domain/ids.ts'
import {
  charsetOfRules,
  type Message,
  type MessageRequest,
  messageOf,
  messageRequestIn,
  type NormalizedTexts,
  textRules,
} from '../../../domain/message.ts'
import { Problem } from '../../../domain/problem.ts'
import { recordOf } from '../../../domain/record.ts'
import type { Api } from '../../../domain/route.ts'
import { type Admitted, admit, type Decided, recall, routePlanOf, type Taking } from './admit.ts'
import type { Call } from './call.ts'
import { deliver } from './deliver.ts'
import { fingerprint, idempotencyKey } from './idempotency.ts'
import { holdLease } from './lease.ts'
import { checkedKeys, keyedIds } from './message-keys.ts'
import { type Plan, planFrom, planText, type Rejection } from './plan.ts'
import { idsOf, traceOf } from './reconcile.ts'

/** One row of a call, as it would be decided now. */
export interface Checked {
  /** The row as it stands in the call. */
  readonly value: unknown
  /** The message that the row asks for; absent where it cannot be read as one. */
  readonly request?: MessageRequest
  /** Why it is not sent. */
  readonly rejection?: Rejection
}

/** What became of one row. */
export type Row =
  | {
      readonly index: number
      readonly kind: 'accepted'
      readonly id: string
      readonly normalized?: NormalizedTexts
      /** Another call had the message accepted before, by its key. */
      readonly replayed?: true
    }
  | { readonly index: number; readonly kind: 'rejected'; readonly rejection: Rejection }

/** A call whose messages, or some of them, are on their way. */
export interface Submitted {
  readonly kind: 'submitted'
  readonly admission: Admitted
  readonly rows: readonly Row[]
}

/** A call that was answered before: its rows as the first run decided them. */
export interface Replayed {
  readonly kind: 'replayed'
  readonly rows: readonly Row[]
}

type Refused = Extract<Decided, { kind: 'refused' }>

/** Under which names a call runs. */
export interface Identity {
  readonly reservation: string
  readonly claim?: { readonly key: string; readonly fingerprint: string }
  /** The caller's own Idempotency-Key. */
  readonly key?: string
  readonly idOf: (index: number) => string
}

/**
 * @param body what the call asks for, to tell it from another call with the same key
 * @throws Problem `invalid-idempotency-key`
 */
export function identityOf(call: Call, body: unknown): Identity {
  const key = idempotencyKey(call.request)
  const reservation = randomId()
  const owner = { customer: call.caller.customer, environment: call.environment }
  if (key === undefined) return { reservation, idOf: idsOf(owner, { reservation }) }
  const mark = fingerprint(call.request.method, call.path, body)
  const claim = { key: hash('sha256', key, 'base64url'), fingerprint: mark }
  return { reservation, claim, key, idOf: idsOf(owner, { key, fingerprint: mark }) }
}

const notTaken: Rejection = { code: 'queue-unavailable', detail: 'The message was not accepted, and its unit was given back.' }

function planOf({ charset }: Call, rows: readonly Checked[]): Plan {
  const sent: number[] = []
  const rejected = new Map<number, Rejection>()
  for (const [index, { rejection }] of rows.entries()) {
    if (rejection === undefined) sent.push(index)
    else rejected.set(index, rejection)
  }
  return { texts: textRules(charset), rows: sent, rejected }
}

const stillOpen: Rejection = {
  code: 'idempotency-in-progress',
  detail: 'Another call with this message has not ended. Send it again in a few seconds.',
}

/** How the rows of a plan ended, other than by being sent. */
interface Exceptions {
  /** Rows that no queue took. */
  readonly untaken: ReadonlySet<number>
  /** Rows that another call has, by their keys. */
  readonly open: ReadonlySet<number>
  /** Rows that another call sent before. */
  readonly known: ReadonlySet<number>
}

type RequestOf = (index: number) => MessageRequest | undefined

/**
 * The messages that rows ask for, by the rules of the plan: another charset may have been set since it was decided.
 * @returns `undefined` for a row that this version cannot read in the same way
 */
function requestsOf({ charset }: Call, plan: Plan, rows: readonly Checked[]): RequestOf {
  const decided = charsetOfRules(plan.texts)
  if (decided === charset) return (index) => rows[index]?.request
  if (decided === undefined) return () => undefined
  return (index) => messageRequestIn(decided).safeParse(rows[index]?.value).data
}

/** The rows of a plan, as they ended. */
function rowsOf({ rows, rejected }: Plan, ended: Exceptions, { idOf }: Identity, requestOf: RequestOf): Row[] {
  const sent = rows.map((index): Row => {
    if (ended.untaken.has(index)) return { index, kind: 'rejected', rejection: notTaken }
    if (ended.open.has(index)) return { index, kind: 'rejected', rejection: stillOpen }
    const normalized = requestOf(index)?.normalized
    return {
      index,
      kind: 'accepted',
      id: idOf(index),
      ...(normalized !== undefined && { normalized }),
      ...(ended.known.has(index) && { replayed: true }),
    }
  })
  const others = [...rejected].map(([index, rejection]): Row => ({ index, kind: 'rejected', rejection }))
  return others.length === 0 ? sent : [...sent, ...others].sort((a, b) => a.index - b.index)
}

function takingOf(api: Api, plan: Plan, { reservation, claim, key }: Identity, ids: readonly string[] | undefined): Taking {
  // The ids of messages with keys are stored as they are.
  const trace = ids === undefined ? traceOf(plan.rows, key) : undefined
  return {
    api,
    reservation,
    ...(claim !== undefined && { idempotency: { ...claim, plan: planText(plan) } }),
    ...(trace !== undefined && { trace }),
    ...(ids !== undefined && { ids }),
  }
}

/** What an answered call decided, from its record: never from today's media, clock or rules. */
function replayed(
  call: Call,
  { response, plan }: Extract<Decided, { kind: 'replay' }>,
  rows: readonly Checked[],
  identity: Identity,
): Replayed {
  // A record of an older version has no plan, and for a single message a whole answer in the place of the list.
  const decided = plan === undefined ? planOf(call, rows) : planFrom(plan, rows.length)
  return { kind: 'replayed', rows: rowsOf(decided, keptFrom(response), identity, requestsOf(call, decided, rows)) }
}

/** The answer's exceptions as they are stored: the untaken rows, or both lists where there are open ones. */
function keptText({ untaken, open }: Exceptions): string {
  return JSON.stringify(open.size === 0 ? [...untaken] : { untaken: [...untaken], open: [...open] })
}

function keptFrom(response: string): Exceptions {
  const kept: unknown = JSON.parse(response)
  const numbers = (value: unknown): Set<number> => new Set(Array.isArray(value) ? value.map(Number) : [])
  if (Array.isArray(kept)) return { untaken: numbers(kept), open: new Set(), known: new Set() }
  const { untaken, open } = recordOf(kept)
  return { untaken: numbers(untaken), open: numbers(open), known: new Set() }
}

/**
 * Sends the rows of a call that can be sent: admitted together, confirmed by a queue, settled. A call of which no message
 * is confirmed comes to nothing; where some are, those are kept and the units of the others given back.
 *
 * The rows are decided once. A later run with the same Idempotency-Key uses what the first one decided.
 * @param refusal thrown where no row can be sent, unless an earlier run decided otherwise
 * @throws Problem `queue-unavailable`
 */
export async function submit(
  call: Call,
  api: Api,
  given: readonly Checked[],
  ofCall: Identity,
  refusal: () => Problem,
): Promise<Submitted | Replayed | Refused> {
  const ids = keyedIds({ customer: call.caller.customer, environment: call.environment }, given)
  const rows = checkedKeys(given, ids)
  const identity = ids === undefined ? ofCall : { ...ofCall, idOf: (index: number) => ids.get(index) ?? '' }
  const today = planOf(call, rows)
  const started = performance.now()
  const taking = takingOf(api, today, identity, ids && today.rows.map(identity.idOf))
  const admission = today.rows.length === 0 ? await recalled(call, taking) : await admit(call, today.rows.length, taking)
  if (admission === undefined) throw refusal()
  if (admission.kind === 'refused') return admission
  if (admission.kind === 'replay') return replayed(call, admission, rows, identity)

  const stored = admission.reservation.idempotency?.plan
  const plan = admission.reservation.attempt === 1 || stored === undefined ? today : planFrom(stored, rows.length)
  const requestOf = requestsOf(call, plan, rows)
  const standings = new Map(today.rows.map((index, at) => [index, admission.messages?.[at]]))
  const having = (standing: MessageStanding) => plan.rows.filter((index) => (standings.get(index) ?? 'new') === standing)
  const own = having('new')
  const confirmed =
    own.length === 0 ? [] : await published(call, admission, messagesOf(own, requestOf, identity, admission), started)
  const untaken = new Set(own.filter((_, place) => confirmed[place] !== true))
  const ended = { untaken, open: new Set(having('open')), known: new Set(having('known')) }
  await settle(call, admission, plan, ended, identity, confirmed)
  return { kind: 'submitted', admission, rows: rowsOf(plan, ended, identity, requestOf) }
}

async function recalled(call: Call, { idempotency, ...taking }: Taking): Promise<Decided | undefined> {
  return idempotency === undefined ? undefined : recall(call, { ...taking, idempotency })
}

function messagesOf(rows: readonly number[], requestOf: RequestOf, identity: Identity, { reservation }: Admitted): Message[] {
  return rows.map((index) => {
    const request = requestOf(index)
    // Only where another version took over from one that crashed: whether the message was sent, the ledger will say.
    if (request === undefined) {
      throw new Problem('queue-unavailable', 'This call was begun by another version and cannot be finished by this one.', {
        retryAfterMs: 60_000,
      })
    }
    // The time of the first run, so that a replay asks for the very same messages.
    return messageOf(request, identity.idOf(index), reservation.admittedAt)
  })
}

/** @throws Problem `queue-unavailable` where another run may have had the call in the same time */
async function published(
  call: Call,
  admission: Admitted,
  messages: readonly Message[],
  started: number,
): Promise<readonly (true | Error)[]> {
  const { reservation } = admission
  const lease = reservation.idempotency === undefined ? undefined : holdLease(call.registry, reservation, started)
  const publishing = performance.now()
  try {
    const confirmed = await deliver(call, routePlanOf(admission).targets, messages)
    call.note({ publishMs: performance.now() - publishing })
    // A process that was stopped for so long may have lost its reservation: it must not vouch for it.
    if (lease?.held() !== false && performance.now() - started < maxRunMs) return confirmed
  } finally {
    lease?.end()
  }
  throw new Problem('queue-unavailable', 'It is not known in time whether the message was accepted.', { retryAfterMs: 1000 })
}

async function settle(
  { registry, settlements }: Call,
  { reservation }: Admitted,
  plan: Plan,
  ended: Exceptions,
  { idOf }: Identity,
  confirmed: readonly (true | Error)[],
): Promise<void> {
  const { untaken } = ended
  if (untaken.size === plan.rows.length) {
    await registry.settle(reservation, { kind: 'failed' }).catch(() => settlements.failed(reservation))
    const cause = confirmed.find((result) => result !== true)
    throw new Problem('queue-unavailable', notTaken.detail, { retryAfterMs: 2000, cause })
  }
  if (reservation.idempotency === undefined && untaken.size === 0) return settlements.accepted(reservation)
  // A lost settle is harmless: after the lease the key may run again, and asks for the same ids.
  const ids = reservation.keyed === undefined ? {} : { untaken: [...untaken].map(idOf) }
  const outcome = { kind: 'accepted', response: keptText(ended), refund: untaken.size, ...ids } as const
  await registry.settle(reservation, outcome).catch(() => false)
}
