import * as z from 'zod'
import { json } from '../../http/http.ts'
import { authorizeRead, budgetOf, cursorSchema, wholeNumber } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

const maxListed = 500

const suppression = z
  .object({
    number: z.string().meta({ example: '+821012345678' }),
    at: z.iso.datetime().meta({ description: 'Since when' }),
    source: z.string().optional(),
    note: z.string().optional(),
  })
  .meta({ title: 'OptOut' })

/** Recipients who have opted out of advertising, by number. */
export default endpoint({
  method: 'GET',
  path: '/suppressions',
  kind: 'read',
  name: 'listOptOuts',
  group: 'Opt-outs',
  problems: ['cursor-invalid', 'ledger-unavailable'],
  summary: 'List opt-outs',
  query: z.strictObject({
    cursor: cursorSchema('the first number'),
    limit: wholeNumber(1, maxListed)
      .optional()
      .meta({ description: `1 to ${maxListed}, 100 if left out`, example: 100 }),
  }),
  answers: {
    200: {
      description: 'A page, by number. Without a cursor it is the last one',
      schema: z.object({ suppressions: z.array(suppression), cursor: z.string().optional() }).meta({ title: 'OptOutPage' }),
    },
  },
  handle: async (call, { query: { cursor, limit = 100 } }) => {
    const refused = await authorizeRead(call)
    if (refused !== undefined) return refused
    const owner = { customer: call.caller.customer, environment: call.environment }
    const from = cursor === undefined ? undefined : call.cursors.take(owner, cursor)
    const page = await call.ledger.suppressions(owner, from, limit, budgetOf(call))
    const suppressions = page.suppressions.map(({ at, ...rest }) => ({ ...rest, at: new Date(at).toISOString() }))
    return json(200, { suppressions, ...(page.cursor !== undefined && { cursor: call.cursors.give(owner, page.cursor) }) })
  },
})
