import { type MessageStanding, maxRunMs, weightsOf } from '../../../domain/admission.ts'
import { type Message, messageType, type NormalizedTexts } from '../../../domain/message.ts'
import { Problem } from '../../../domain/problem.ts'
import { recordOf } from '../../../domain/record.ts'
import type { Api } from '../../../domain/route.ts'
import { boundedKinds, callingCode, kindOf, kindsOf, type Parts, unknownKind } from '../../../domain/usage.ts'
import { type Admitted, type Decided, routePlanOf, type Taking } from './admit.ts'
import type { Call } from './call.ts'
import { deliver } from './deliver.ts'
import type { Identity } from './identity.ts'
import { holdLease } from './lease.ts'
import { messagesOf, type RequestOf, requestsOf } from './made.ts'
import { checkedKeys, keyedIds } from './message-keys.ts'
import { type Plan, planFrom, planText, type Rejection } from './plan.ts'
import { type Checked, planAndAdmit, planOf, unitsOfRow, unitsOfRows } from './planning.ts'
import { traceOf } from './reconcile.ts'

/** What became of one row. */
export type Row =
  | {
      readonly index: number
      readonly kind: 'accepted'
      readonly id: string
      readonly normalized?: NormalizedTexts
      /** Absent: 1. */
      readonly units?: number
      /** Of an advertisement that is held until the morning: when it is sent. Milliseconds since 1970. */
      readonly heldUntil?: number
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

const notTaken: Rejection = { code: 'queue-unavailable', detail: 'The message was not accepted, and its unit was given back.' }

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

/** The rows of a plan, as they ended. */
function rowsOf({ rows, rejected, sending }: Plan, ended: Exceptions, { idOf }: Identity, requestOf: RequestOf): Row[] {
  const sent = rows.map((index): Row => {
    if (ended.untaken.has(index)) return { index, kind: 'rejected', rejection: notTaken }
    if (ended.open.has(index)) return { index, kind: 'rejected', rejection: stillOpen }
    const normalized = requestOf(index)?.normalized
    const units = sending.units.get(index)
    const heldUntil = sending.heldUntil.get(index)
    return {
      index,
      kind: 'accepted',
      id: idOf(index),
      ...(normalized !== undefined && { normalized }),
      ...(units !== undefined && { units }),
      ...(heldUntil !== undefined && { heldUntil }),
      ...(ended.known.has(index) && { replayed: true }),
    }
  })
  const others = [...rejected].map(([index, rejection]): Row => ({ index, kind: 'rejected', rejection }))
  return others.length === 0 ? sent : [...sent, ...others].sort((a, b) => a.index - b.index)
}

/** What rows are, as it is counted. A row that this version cannot read is of no known kind. */
function kindsOfRows(rows: readonly number[], requestOf: RequestOf): Pick<Parts, 'kinds'> {
  const kinds = rows.map((index) => {
    const request = requestOf(index)
    return request === undefined ? unknownKind : kindOf('messages', messageType(request), callingCode(request.to))
  })
  return kindsOf(boundedKinds(kinds))
}

/** What a call takes for a plan. @param idOf the ids of messages that have keys of their own */
function takingOf(
  api: Api,
  { reservation, claim, key, idOf }: Identity,
  isKeyed: boolean,
  given: readonly Checked[],
): (plan: Plan) => Taking {
  return (plan) => {
    // The ids of messages with keys are stored as they are.
    const weights = plan.rows.map((index) => unitsOfRow(plan, index))
    const kinds = kindsOfRows(plan.rows, (index) => given[index]?.request)
    const trace = isKeyed ? undefined : traceOf(plan.rows, key, weights, kinds.kinds)
    return {
      api,
      reservation,
      ...(claim !== undefined && { idempotency: { ...claim, plan: planText(plan) } }),
      ...(trace !== undefined && { trace }),
      ...(isKeyed && { ids: plan.rows.map(idOf) }),
      ...(plan.sending.units.size > 0 && { weights }),
      ...kinds,
    }
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
 * @param refusal thrown where no row can be sent, unless an earlier run decided otherwise. Of the rows as they were decided
 * @throws Problem `queue-unavailable`
 */
export async function submit(
  call: Call,
  api: Api,
  given: readonly Checked[],
  ofCall: Identity,
  refusal: (rows: readonly Checked[]) => Problem,
): Promise<Submitted | Replayed | Refused> {
  const ids = keyedIds({ customer: call.caller.customer, environment: call.environment }, given)
  const identity = ids === undefined ? ofCall : { ...ofCall, idOf: (index: number) => ids.get(index) ?? '' }
  const started = performance.now()
  const take = takingOf(api, identity, ids !== undefined, given)
  const { rows, plan: today, admission } = await planAndAdmit(call, checkedKeys(given, ids), take)
  if (admission === undefined) throw refusal(rows)
  if (admission.kind === 'refused') return admission
  if (admission.kind === 'replay') return replayed(call, admission, rows, identity)

  const stored = admission.reservation.idempotency?.plan
  const plan = admission.reservation.attempt === 1 || stored === undefined ? today : planFrom(stored, rows.length)
  const requestOf = requestsOf(call, plan, rows)
  const standings = new Map(today.rows.map((index, at) => [index, admission.messages?.[at]]))
  const having = (standing: MessageStanding) => plan.rows.filter((index) => (standings.get(index) ?? 'new') === standing)
  const own = having('new')
  const confirmed =
    own.length === 0 ? [] : await published(call, admission, messagesOf(call, own, plan, requestOf, identity, admission), started)
  const untaken = new Set(own.filter((_, place) => confirmed[place] !== true))
  const ended = { untaken, open: new Set(having('open')), known: new Set(having('known')) }
  await settle(call, admission, plan, ended, identity, { confirmed, requestOf })
  return { kind: 'submitted', admission, rows: rowsOf(plan, ended, identity, requestOf) }
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
  { confirmed, requestOf }: { readonly confirmed: readonly (true | Error)[]; readonly requestOf: RequestOf },
): Promise<void> {
  const { untaken } = ended
  const weights = [...untaken].map((index) => unitsOfRow(plan, index))
  // Of messages with keys, these are stored with the reservation.
  const parts = reservation.keyed === undefined ? { ...kindsOfRows([...untaken], requestOf), ...weightsOf(weights) } : {}
  if (untaken.size === plan.rows.length) {
    // The ids of messages with keys are stored with the reservation.
    const ids = reservation.keyed === undefined ? { untaken: [...untaken].map(idOf) } : {}
    const outcome = { ...parts, kind: 'failed', ...ids } as const
    await registry.settle(reservation, outcome).catch(() => settlements.failed(reservation, outcome))
    const cause = confirmed.find((result) => result !== true)
    throw new Problem('queue-unavailable', notTaken.detail, { retryAfterMs: 2000, cause })
  }
  if (reservation.idempotency === undefined && untaken.size === 0) return settlements.accepted(reservation)
  // A lost settle is harmless: after the lease the key may run again, and asks for the same ids.
  const back = { refund: unitsOfRows(plan, untaken), untaken: [...untaken].map(idOf) }
  const outcome = { ...parts, kind: 'accepted', response: keptText(ended), ...back } as const
  await registry.settle(reservation, outcome).catch(() => false)
}
