import * as z from 'zod'
import { Problem } from '../../../../domain/problem.ts'
import { json } from '../../http/http.ts'
import { authorizeRead, budgetOf, messageIdSchema, shownStatus, statusSchema } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

/** The status of one message. */
export default endpoint({
  method: 'GET',
  path: '/messages/{id}',
  kind: 'read',
  name: 'getMessage',
  group: 'Messages',
  problems: ['message-unknown', 'invalid-request', 'ledger-unavailable'],
  summary: 'Read the status of a message',
  params: z.object({ id: messageIdSchema }),
  answers: { 200: { description: 'Where the message is', schema: statusSchema } },
  handle: async (call, { params }) => {
    const refused = await authorizeRead(call)
    if (refused !== undefined) return refused
    const owner = { customer: call.caller.customer, environment: call.environment }
    const standing = (await call.ledger.standings(owner, [params.id], budgetOf(call))).get(params.id)
    if (standing !== undefined) return json(200, shownStatus(standing))
    throw new Problem('message-unknown', 'You have no such message, or it is not with its carrier yet: ask again in a moment.')
  },
})
