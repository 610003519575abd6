import * as z from 'zod'
import { json } from '../../http/http.ts'
import { numberRows, numbersSchema, rowResults, rowResultsSchema, validNumbers } from '../../messages/numbers.ts'
import { hashedNumbers } from '../../messages/opt-outs.ts'
import { authorizeRead, budgetOf } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

/**
 * Removes opt-outs. The numbers are in the body, because a path ends up in access logs. A DELETE may have one where the server
 * says so (RFC 9110, section 9.3.5).
 */
export default endpoint({
  method: 'DELETE',
  path: '/suppressions',
  kind: 'upload',
  name: 'removeOptOuts',
  group: 'Opt-outs',
  problems: ['ledger-unavailable'],
  summary: 'Remove opt-outs: the recipients have consented again',
  body: z.strictObject({ numbers: numbersSchema }).meta({ title: 'RemoveOptOutsRequest' }),
  answers: {
    200: {
      description: 'What became of each number',
      schema: z
        .object({ results: rowResultsSchema('RemovedNumber', 'removed', 'absent') })
        .meta({ title: 'RemoveOptOutsAnswer' }),
    },
  },
  handle: async (call, { body }) => {
    const refused = await authorizeRead(call)
    if (refused !== undefined) return refused
    const owner = { customer: call.caller.customer, environment: call.environment }
    const rows = numberRows(body.numbers)
    const removed = await call.ledger.unsuppress(owner, validNumbers(rows), budgetOf(call), hashedNumbers(call))
    return json(200, { results: rowResults(rows, removed, 'removed', 'absent') })
  },
})
