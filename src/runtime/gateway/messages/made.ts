import { charsetOfRules, type Message, type MessageRequest, messageOf, messageRequestIn } from '../../../domain/message.ts'
import { Problem } from '../../../domain/problem.ts'
import { recipientHash } from '../../../domain/recipient-hash.ts'
import type { Admitted } from './admit.ts'
import type { Call } from './call.ts'
import type { Identity } from './identity.ts'
import type { Plan } from './plan.ts'
import type { Checked } from './planning.ts'
import { hasHours } from './sending.ts'

export type RequestOf = (index: number) => MessageRequest | undefined

/**
 * The messages that rows ask for, by the rules of the plan: another charset may have been set since it was decided.
 * @returns `undefined` for a row that this version cannot read in the same way
 */
export function requestsOf({ charset }: Call, plan: Plan, rows: readonly Checked[]): RequestOf {
  const decided = charsetOfRules(plan.texts)
  if (decided === charset) return (index) => rows[index]?.request
  if (decided === undefined) return () => undefined
  return (index) => messageRequestIn(decided).safeParse(rows[index]?.value).data
}

/** The messages of rows of a plan: for every run of the call the very same. @throws Problem `queue-unavailable` */
export function messagesOf(
  call: Call,
  rows: readonly number[],
  { sending }: Plan,
  requestOf: RequestOf,
  identity: Identity,
  { reservation }: Admitted,
): Message[] {
  const owner = { customer: call.caller.customer, environment: call.environment }
  const { recipientKeys } = call
  const { originCode, adNight } = sending
  return rows.map((index) => {
    const request = requestOf(index)
    // Only where another version took over from one that crashed: whether the message was sent, the ledger will say.
    if (request === undefined) {
      throw new Problem('queue-unavailable', 'This call was begun by another version and cannot be finished by this one.', {
        retryAfterMs: 60_000,
      })
    }
    const units = sending.units.get(index)
    const heldUntil = sending.heldUntil.get(index)
    // The time of the first run, so that a replay asks for the very same messages.
    return messageOf(request, identity.idOf(index), reservation.admittedAt, {
      ...(units !== undefined && { units }),
      ...(heldUntil !== undefined && { heldUntil }),
      ...(adNight !== undefined && hasHours(request) && { adNight }),
      ...(originCode !== undefined && { originCode }),
      ...(recipientKeys !== undefined && { recipientHash: recipientHash(recipientKeys.current, owner, request.to) }),
    })
  })
}
