import * as z from 'zod'
import { defaultTimeZone, windowOf } from '../../../../domain/calendar.ts'
import { refPattern } from '../../../../domain/message.ts'
import { Problem } from '../../../../domain/problem.ts'
import { recipientHash } from '../../../../domain/recipient-hash.ts'
import { statuses } from '../../../../domain/report.ts'
import type { MessageQuery, Owner } from '../../../ports/index.ts'
import { json } from '../../http/http.ts'
import { admit } from '../../messages/admit.ts'
import type { Call } from '../../messages/call.ts'
import { numberInQuery } from '../../messages/numbers.ts'
import { budgetOf, cursorSchema, shownStatus, statusSchema, wholeNumber } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

const maxFound = 100

const query = z.strictObject({
  ref: z.string().regex(refPattern, 'is not a ref: 1 to 64 visible ASCII characters').optional(),
  to: numberInQuery.optional().meta({ description: 'The recipient, in E.164 or as a Korean number', example: '010-1234-5678' }),
  day: z.iso
    .date()
    .optional()
    .meta({ description: 'The day on which they were accepted, in your time zone', example: '2026-11-23' }),
  status: z.enum(statuses).optional().meta({ description: 'Their status now' }),
  cursor: cursorSchema('the newest message'),
  limit: wholeNumber(1, maxFound)
    .optional()
    .meta({ description: `1 to ${maxFound}, 50 if left out`, example: 50 }),
})

type Asked = z.output<typeof query>

/** What was asked for, as the ledger reads it. @throws Problem `invalid-request` */
function messageQuery({ recipientKeys }: Call, owner: Owner, zone: string, { ref, to, day, status }: Asked): MessageQuery {
  if (ref === undefined && to === undefined && day === undefined) {
    throw new Problem('invalid-request', 'Give at least one of ref, to and day: what is searched has to be bounded.')
  }
  if (to !== undefined && recipientKeys === undefined) {
    throw new Problem('invalid-request', '/to: this gateway has no master key, so it finds no message by its recipient.', {
      errors: [{ pointer: '/to', detail: 'cannot be searched for here' }],
    })
  }
  const window = day === undefined ? undefined : windowOf(zone, day)
  return {
    ...(ref !== undefined && { ref }),
    ...(to !== undefined && { recipients: (recipientKeys?.all ?? []).map((key) => recipientHash(key, owner, to)) }),
    ...(window !== undefined && { from: window.start, until: window.end }),
    ...(status !== undefined && { statuses: [status] }),
  }
}

/** Messages by ref, recipient or day, newest first. */
export default endpoint({
  method: 'GET',
  path: '/messages',
  kind: 'read',
  summary: 'Find messages by ref, recipient or day',
  name: 'findMessages',
  group: 'Messages',
  problems: ['cursor-invalid', 'ledger-unavailable'],
  query,
  answers: {
    200: {
      description: 'Newest first. A page can be short, even empty, and have a cursor: there is more to look through',
      schema: z.object({ messages: z.array(statusSchema), cursor: z.string().optional() }).meta({ title: 'MessagePage' }),
    },
  },
  handle: async (call, { query: asked }) => {
    const admission = await admit(call, 0)
    if (admission.kind === 'refused' && admission.reason !== 'quota-missing') return call.refuse(admission)
    const zone = ('windows' in admission ? admission.windows?.zone : undefined) ?? defaultTimeZone
    const owner = { customer: call.caller.customer, environment: call.environment }
    const wanted = messageQuery(call, owner, zone, asked)
    const cursor = asked.cursor === undefined ? undefined : call.cursors.take(owner, asked.cursor)
    const page = await call.ledger.find(owner, wanted, cursor, asked.limit ?? 50, budgetOf(call))
    return json(200, {
      messages: page.messages.map(shownStatus),
      ...(page.cursor !== undefined && { cursor: call.cursors.give(owner, page.cursor) }),
    })
  },
})
