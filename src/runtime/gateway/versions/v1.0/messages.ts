import * as z from 'zod'
import { leaseMs } from '../../../../domain/admission.ts'
import { describedRequestIn, normalizedTexts } from '../../../../domain/message.ts'
import { Problem } from '../../../../domain/problem.ts'
import { json } from '../../http/http.ts'
import { rateLimitHeaders, standings } from '../../http/rate-limit-headers.ts'
import { checkedRows, refOf } from '../../messages/checked-rows.ts'
import { identityOf } from '../../messages/identity.ts'
import type { Checked } from '../../messages/planning.ts'
import { isCut } from '../../messages/sandbox.ts'
import { heldAnswer, sendingProblems, shownOf, unitsAnswer } from '../../messages/shown.ts'
import { submit } from '../../messages/submit.ts'
import { endpoint } from '../endpoint.ts'

const accepted = z
  .object({
    id: z.string().meta({ description: 'Names the message from now on', example: '7ZQ4M8K2X1V9B3N5C6D0F8G2HA' }),
    ref: z.string().optional().meta({ description: 'Your own name for it, as you gave it' }),
    status: z.literal('accepted'),
    normalized: normalizedTexts.optional(),
    units: unitsAnswer,
    heldUntil: heldAnswer,
  })
  .meta({ title: 'MessageAccepted' })

/** Why the message is not sent. */
function refusalOf([row]: readonly Checked[]): Problem {
  const { code = 'invalid-request', detail = '', errors = [] } = row?.rejection ?? {}
  return new Problem(code, detail, { errors })
}

/** One message to one recipient. */
export default endpoint({
  method: 'POST',
  path: '/messages',
  summary: 'Send one message',
  name: 'sendMessage',
  group: 'Messages',
  problems: sendingProblems,
  // Read as a message below: a call with an Idempotency-Key is first asked what was decided about it before.
  body: z.unknown(),
  described: describedRequestIn,
  idempotent: true,
  answers: { 202: { description: 'The message will be sent', schema: accepted } },
  handle: async (call, { body }) => {
    const { rows, refusal } = await checkedRows(call, [body], { whole: 'the body', maxErrors: 20 })
    const [{ request } = {}] = rows
    const refuse = (decided: readonly Checked[]) => refusal ?? refusalOf(decided)
    const done = await submit(call, 'messages', rows, identityOf(call, body), refuse)
    if (done.kind === 'refused') return call.refuse(done)
    const [sent] = done.rows
    if (sent?.kind === 'rejected' && sent.rejection.code === 'idempotency-in-progress') {
      throw new Problem(sent.rejection.code, sent.rejection.detail, { retryAfterMs: leaseMs })
    }
    if (sent?.kind !== 'accepted') {
      throw refusal ?? refusalOf([{ value: body, ...(sent?.kind === 'rejected' && { rejection: sent.rejection }) }])
    }
    const answer = { id: sent.id, ...refOf(body), status: 'accepted', ...shownOf(sent) }
    if (done.kind === 'replayed' || sent.replayed) return json(202, answer, { 'idempotency-replayed': 'true' })
    const { remaining, windows, now } = done.admission
    const response = json(202, answer, rateLimitHeaders(standings(remaining, windows, now), now))
    return request !== undefined && isCut(call, [request]) ? { ...response, cut: true } : response
  },
})
