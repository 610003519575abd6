import { hash } from 'node:crypto'
import { addressKey } from '../../domain/address.ts'
import { type Admission, leaseMs } from '../../domain/admission.ts'
import { messageIdOf, randomId } from '../../domain/ids.ts'
import { type Envelope, type MessageRequest, messageOf } from '../../domain/message.ts'
import { Problem } from '../../domain/problem.ts'
import type { Api, Target } from '../../domain/route.ts'
import type { Call } from './endpoint.ts'
import { type HttpResponse, json, jsonText } from './http.ts'
import { fingerprint, idempotencyKey } from './idempotency.ts'
import { rateLimitHeaders, standings } from './rate-limit-headers.ts'

type Admitted = Extract<Admission, { kind: 'admitted' }>

/** What stands for the caller's address when the adapter could not tell it: no allow-list holds it. */
const unknownAddress = '0'.repeat(32)

/** Asks the registry about this call. @param units 0 asks who calls and what is left, and takes nothing */
export function admit(
  call: Call,
  units: number,
  more: { api?: Api; idempotency?: { key: string; fingerprint: string } } = {},
): Promise<Admission> {
  return call.registry.admit({
    reservation: call.requestId,
    customer: call.caller.customer,
    keyId: call.caller.keyId,
    environment: call.environment,
    units,
    address: addressKey(call.request.address) ?? unknownAddress,
    ...(call.caller.nonce !== undefined && { nonce: call.caller.nonce }),
    ...more,
  })
}

/** Sends one message: admitted, confirmed by the queue, answered; or not at all. */
export async function submit(call: Call, api: Api, body: MessageRequest): Promise<HttpResponse> {
  const key = idempotencyKey(call.request)
  const mark = key === undefined ? undefined : fingerprint(call.request.method, call.path, body)
  const idempotency =
    key === undefined || mark === undefined ? undefined : { key: hash('sha256', key, 'base64url'), fingerprint: mark }
  const admission = await admit(call, 1, { api, ...(idempotency !== undefined && { idempotency }) })
  if (admission.kind === 'replay') return jsonText(202, admission.response, { 'idempotency-replayed': 'true' })
  if (admission.kind === 'refused') return call.refuse(admission)

  const { customer } = call.caller
  const { environment } = call
  const id =
    key === undefined || mark === undefined
      ? randomId()
      : messageIdOf({ customer, environment, idempotencyKey: key, fingerprint: mark, index: 0 })
  // The time of the first run, so that a replay asks for the very same message.
  const message = messageOf(body, id, admission.reservation.admittedAt)
  await publish(call, admission, { messages: [message] })

  const answer = { id, ...(body.ref !== undefined && { ref: body.ref }), status: 'accepted' }
  if (idempotency !== undefined) {
    // A lost settle is harmless: after the lease the key may run again, and asks for the same ids.
    await call.registry.settle(admission.reservation, { kind: 'accepted', response: JSON.stringify(answer) }).catch(() => false)
  }
  const { remaining, windows, now } = admission
  return json(202, answer, rateLimitHeaders(standings(remaining, windows, now), now))
}

const targets = new Map<string, Target>()
const mostTargets = 1_000

/** Reads a target as it was stored. There are few of them, and each call names one. */
function targetOf(text: string): Target {
  let target = targets.get(text)
  if (target === undefined) {
    target = JSON.parse(text) as Target
    if (targets.size >= mostTargets) targets.clear()
    targets.set(text, target)
  }
  return target
}

/**
 * Hands the messages to the route's queue. Where the queue does not confirm, the units are given back.
 * @throws Problem `queue-unavailable`
 */
async function publish(call: Call, admission: Admitted, content: Pick<Envelope, 'messages'>): Promise<void> {
  const { queue } = targetOf(admission.target ?? '{}')
  const envelope: Envelope = {
    v: 1,
    customer: call.caller.customer,
    environment: call.environment,
    route: queue,
    messages: content.messages,
  }
  const started = performance.now()
  try {
    await call.queue.send(queue, JSON.stringify(envelope))
  } catch (error) {
    await call.registry.settle(admission.reservation, { kind: 'failed' }).catch(() => false)
    const detail = 'The message was not accepted, and its unit was given back.'
    throw new Problem('queue-unavailable', detail, { retryAfterMs: 2000, cause: error })
  }
  // A process that was stopped for so long may have lost its reservation to a replay: it must not vouch for it.
  if (performance.now() - started > leaseMs) {
    throw new Problem('queue-unavailable', 'It is not known in time whether the message was accepted.', { retryAfterMs: 1000 })
  }
}
