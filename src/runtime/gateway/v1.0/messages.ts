import * as z from 'zod'
import { messageRequest, normalizedTexts, sendAtError } from '../../../domain/message.ts'
import { Problem } from '../../../domain/problem.ts'
import { endpoint } from '../endpoint.ts'
import { json, jsonText } from '../http.ts'
import { missingMedia } from '../images.ts'
import { rateLimitHeaders, standings } from '../rate-limit-headers.ts'
import { isCut } from '../sandbox.ts'
import { identityOf, submit } from '../submit.ts'

const accepted = z.object({
  id: z.string().meta({ description: 'Names the message from now on', example: '7ZQ4M8K2X1V9B3N5C6D0F8G2HA' }),
  ref: z.string().optional().meta({ description: 'Your own name for it, as you gave it' }),
  status: z.literal('accepted'),
  normalized: normalizedTexts.optional(),
})

/** One message to one recipient. */
export default endpoint({
  method: 'POST',
  path: '/messages',
  summary: 'Send one message',
  body: messageRequest,
  idempotent: true,
  answers: { 202: { description: 'The message will be sent', schema: accepted } },
  handle: async (call, { body }) => {
    const detail = sendAtError(body, call.now())
    if (detail !== undefined) {
      throw new Problem('invalid-request', `/sendAt: ${detail}`, { errors: [{ pointer: '/sendAt', detail }] })
    }
    const [missing] = await missingMedia(call, [body])
    if (missing !== undefined) {
      throw new Problem('invalid-request', `${missing.pointer}: ${missing.detail}`, { errors: [missing] })
    }
    const identity = identityOf(call, body)
    const answer = (id = '') => ({
      id,
      ...(body.ref !== undefined && { ref: body.ref }),
      status: 'accepted',
      ...(body.normalized && { normalized: body.normalized }),
    })
    const done = await submit(call, 'messages', [{ index: 0, request: body }], identity, (rows) =>
      JSON.stringify(answer(rows[0]?.id)),
    )
    if (done.kind === 'refused') return call.refuse(done)
    if (done.kind === 'replay') return jsonText(202, done.response, { 'idempotency-replayed': 'true' })
    const { remaining, windows, now } = done.admission
    const sent = json(202, answer(done.rows[0]?.id), rateLimitHeaders(standings(remaining, windows, now), now))
    return isCut(call, [body]) ? { ...sent, cut: true } : sent
  },
})
