import * as z from 'zod'
import { json } from '../../http/http.ts'
import { authorizeRead, budgetOf, messageIdSchema, shownStatus, statusSchema } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

const maxIds = 100

/** The status of many messages. */
export default endpoint({
  method: 'POST',
  path: '/messages/lookup',
  kind: 'read',
  name: 'lookUpMessages',
  group: 'Messages',
  problems: ['ledger-unavailable'],
  summary: `Read the status of up to ${maxIds} messages`,
  body: z.strictObject({ ids: z.array(messageIdSchema).min(1).max(maxIds) }).meta({ title: 'LookUpRequest' }),
  answers: {
    200: {
      description: 'Those that are known, in the order in which they were asked for, and the ids of the others',
      schema: z.object({ messages: z.array(statusSchema), unknown: z.array(z.string()) }).meta({ title: 'LookUpAnswer' }),
    },
  },
  handle: async (call, { body }) => {
    const refused = await authorizeRead(call)
    if (refused !== undefined) return refused
    const owner = { customer: call.caller.customer, environment: call.environment }
    const ids = [...new Set(body.ids)]
    const standings = await call.ledger.standings(owner, ids, budgetOf(call))
    const messages = ids.flatMap((id) => {
      const standing = standings.get(id)
      return standing === undefined ? [] : [shownStatus(standing)]
    })
    return json(200, { messages, unknown: ids.filter((id) => !standings.has(id)) })
  },
})
