import * as z from 'zod'
import { json } from '../../http/http.ts'
import { rateLimitHeaders, standings } from '../../http/rate-limit-headers.ts'
import { admit } from '../../messages/admit.ts'
import { endpoint } from '../endpoint.ts'

const limit = z.object({
  limit: z.int(),
  remaining: z.int(),
  resetsAt: z.iso.datetime().meta({ description: 'When it is whole again' }),
})
const answer = z.object({
  customer: z.string(),
  environment: z.enum(['live', 'test']),
  limits: z.object({ rate: limit.optional(), day: limit.optional(), month: limit.optional() }),
})

/** Every limit and what is left of it. Costs nothing. */
export default endpoint({
  method: 'GET',
  path: '/quota',
  kind: 'read',
  summary: 'Read every limit and what is left of it',
  answers: { 200: { description: 'Every limit that you have', schema: answer } },
  handle: async (call) => {
    const admission = await admit(call, 0)
    if (admission.kind === 'refused') return call.refuse(admission)
    if (admission.kind === 'replay') throw new Error('a call without an Idempotency-Key was answered with a replay')
    const { remaining, windows, now } = admission
    const limits = standings(remaining, windows, now)
    const body = limits.map(({ name, limit, remaining: left, resetsAt }) => [
      name,
      { limit, remaining: left, resetsAt: new Date(resetsAt).toISOString() },
    ])
    const { customer } = call.caller
    return json(200, { customer, environment: call.environment, limits: Object.fromEntries(body) }, rateLimitHeaders(limits, now))
  },
})
