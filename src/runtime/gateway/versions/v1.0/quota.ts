import * as z from 'zod'
import { json } from '../../http/http.ts'
import { rateLimitHeaders, standings } from '../../http/rate-limit-headers.ts'
import { admit } from '../../messages/admit.ts'
import { spentByWhat } from '../../messages/spent.ts'
import { endpoint } from '../endpoint.ts'

const limit = z
  .object({
    limit: z.int().meta({ example: 1000 }),
    remaining: z.int().meta({ example: 999 }),
    resetsAt: z.iso.datetime().meta({ description: 'When it is whole again' }),
  })
  .meta({ title: 'Limit' })
const spent = z.array(
  z
    .object({
      route: z.string().meta({ example: 'messages' }),
      type: z.string().meta({ description: 'Type of the messages', example: 'sms' }),
      messages: z.int().meta({ description: 'Messages that were accepted' }),
      units: z.int().meta({ description: 'Units that were taken for them' }),
      returned: z.int().meta({ description: 'Units that came back, for messages that were not sent' }),
    })
    .meta({ title: 'SpentByType' }),
)
const answer = z
  .object({
    customer: z.string().meta({ example: 'acme' }),
    environment: z.enum(['live', 'test']),
    limits: z.object({ rate: limit.optional(), day: limit.optional(), month: limit.optional() }).meta({
      title: 'Limits',
      example: { day: { limit: 1000, remaining: 999, resetsAt: '2026-11-23T15:00:00.000Z' } },
    }),
    spent: z.object({ day: spent, month: spent }).meta({
      title: 'Spent',
      description: 'What was spent by what, up to a minute ago',
      example: { day: [{ route: 'messages', type: 'sms', messages: 1, units: 1, returned: 0 }], month: [] },
    }),
  })
  .meta({ title: 'Quota' })

/** Every limit and what is left of it. Costs nothing. */
export default endpoint({
  method: 'GET',
  path: '/quota',
  kind: 'read',
  summary: 'Read every limit and what is left of it',
  name: 'getQuota',
  group: 'Quota',
  problems: ['quota-missing'],
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
