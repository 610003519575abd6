import { hash } from 'node:crypto'
import { type IdempotencyClaim, leaseMs } from '../../domain/admission.ts'
import { messageIdOf, randomId } from '../../domain/ids.ts'
import { type Message, type MessageRequest, messageOf } from '../../domain/message.ts'
import { Problem } from '../../domain/problem.ts'
import type { Api } from '../../domain/route.ts'
import { type Admitted, admit, type Decided, wayOf } from './admit.ts'
import { deliver } from './deliver.ts'
import type { Call } from './endpoint.ts'
import { fingerprint, idempotencyKey } from './idempotency.ts'

/** One message that a call asks for, and where in the call it stands. */
export interface Asked {
  readonly index: number
  readonly request: MessageRequest
}

/** What became of one message. */
export interface Row {
  readonly index: number
  readonly id: string
  /** Whether a queue holds it; if not, its unit was given back. */
  readonly accepted: boolean
}

/** A call whose messages, or some of them, are on their way. */
export interface Submitted {
  readonly kind: 'submitted'
  readonly admission: Admitted
  readonly rows: readonly Row[]
}

type Refused = Extract<Decided, { kind: 'refused' | 'replay' }>

/** How the ids of a call's messages are made, and under which claim it runs. */
export interface Identity {
  readonly claim?: IdempotencyClaim
  readonly idOf: (index: number) => string
}

/**
 * @param body what the call asks for, to tell it from another call with the same key
 * @throws Problem `invalid-idempotency-key`
 */
export function identityOf(call: Call, body: unknown): Identity {
  const key = idempotencyKey(call.request)
  if (key === undefined) return { idOf: () => randomId() }
  const mark = fingerprint(call.request.method, call.path, body)
  const source = { customer: call.caller.customer, environment: call.environment, idempotencyKey: key, fingerprint: mark }
  return {
    claim: { key: hash('sha256', key, 'base64url'), fingerprint: mark },
    idOf: (index) => messageIdOf({ ...source, index }),
  }
}

/**
 * Sends messages: admitted together, confirmed by a queue, settled. A call of which no message is confirmed comes to
 * nothing; where some are, those are kept and the units of the others given back.
 * @param response what a replay of the call is answered, made from what became of its rows
 * @throws Problem `queue-unavailable`
 */
export async function submit(
  call: Call,
  api: Api,
  asked: readonly Asked[],
  identity: Identity,
  response: (rows: readonly Row[]) => string,
): Promise<Submitted | Refused> {
  const { claim } = identity
  const admission = await admit(call, asked.length, { api, ...(claim !== undefined && { idempotency: claim }) })
  if (admission.kind !== 'admitted') return admission

  // The time of the first run, so that a replay asks for the very same messages.
  const at = admission.reservation.admittedAt
  const messages = asked.map(({ index, request }): Message => messageOf(request, identity.idOf(index), at))
  const started = performance.now()
  const confirmed = await deliver(call, wayOf(admission).targets, messages)
  const publishMs = performance.now() - started
  call.note({ publishMs })
  // A process that was stopped for so long may have lost its reservation to a replay: it must not vouch for it.
  if (publishMs > leaseMs) {
    throw new Problem('queue-unavailable', 'It is not known in time whether the message was accepted.', { retryAfterMs: 1000 })
  }
  const rows = asked.map(({ index }, place): Row => {
    return { index, id: messages[place]?.id ?? '', accepted: confirmed[place] === true }
  })
  await settle(call, admission, rows, confirmed, response)
  return { kind: 'submitted', admission, rows }
}

async function settle(
  { registry }: Call,
  { reservation }: Admitted,
  rows: readonly Row[],
  confirmed: readonly (true | Error)[],
  response: (rows: readonly Row[]) => string,
): Promise<void> {
  const refund = rows.filter((row) => !row.accepted).length
  if (refund === rows.length) {
    await registry.settle(reservation, { kind: 'failed' }).catch(() => false)
    const detail = 'The message was not accepted, and its unit was given back.'
    const cause = confirmed.find((result) => result !== true)
    throw new Problem('queue-unavailable', detail, { retryAfterMs: 2000, cause })
  }
  if (reservation.idempotency === undefined && refund === 0) return
  // A lost settle is harmless: after the lease the key may run again, and asks for the same ids.
  await registry.settle(reservation, { kind: 'accepted', response: response(rows), refund }).catch(() => false)
}
