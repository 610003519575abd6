import * as z from 'zod'
import { json } from '../../http/http.ts'
import { cancelMessage } from '../../messages/cancel.ts'
import { authorizeRead, budgetOf, messageIdSchema, shownStatus, statusSchema } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

/** Cancels a message that waits for its time. Repeating it gives the same answer. */
export default endpoint({
  method: 'DELETE',
  path: '/messages/{id}',
  kind: 'read',
  name: 'cancelMessage',
  group: 'Messages',
  problems: ['message-unknown', 'message-released', 'invalid-request', 'ledger-unavailable'],
  summary: 'Cancel a message that is held for its time',
  params: z.object({ id: messageIdSchema }),
  answers: { 200: { description: 'The message is cancelled and never sent, and its units are returned', schema: statusSchema } },
  handle: async (call, { params }) => {
    const refused = await authorizeRead(call)
    if (refused !== undefined) return refused
    const { registry, ledger } = call
    const owner = { customer: call.caller.customer, environment: call.environment }
    const giveBack = registry.giveBack.bind(registry)
    return json(200, shownStatus(await cancelMessage({ ledger, giveBack }, owner, params.id, budgetOf(call))))
  },
})
