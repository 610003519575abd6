import * as z from 'zod'
import { json } from '../../http/http.ts'
import { rateLimitHeaders, standings } from '../../http/rate-limit-headers.ts'
import { admit } from '../../messages/admit.ts'
import { spentByWhat } from '../../messages/spent.ts'
import { endpoint } from '../endpoint.ts'

const limit = z.object({
  limit: z.int(),
  remaining: z.int(),
  resetsAt: z.iso.datetime().meta({ description: 'When it is whole again' }),
})
const spent = z.array(
  z.object({
    route: z.string(),
    type: z.string().meta({ description: 'Type of the messages' }),
    messages: z.int().meta({ description: 'Messages that were accepted' }),
    units: z.int().meta({ description: 'Units that were taken for them' }),
    returned: z.int().meta({ description: 'Units that came back, for messages that were not sent' }),
  }),
)
const answer = z.object({
  customer: z.string(),
  environment: z.enum(['live', 'test']),
  limits: z.object({ rate: limit.optional(), day: limit.optional(), month: limit.optional() }),
  spent: z.object({ day: spent, month: spent }).meta({ description: 'What was spent by what, up to a minute ago' }),
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
    const owner = { customer: call.caller.customer, environment: call.environment }
    const used = await spentByWhat(call.registry, owner, windows, now)
    return json(200, { ...owner, limits: Object.fromEntries(body), spent: used }, rateLimitHeaders(limits, now))
  },
})
