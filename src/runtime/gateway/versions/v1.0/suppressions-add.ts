import * as z from 'zod'
import { maxNote, maxSource } from '../../../ports/index.ts'
import { json } from '../../http/http.ts'
import { numberRows, numbersSchema, rowResults, rowResultsSchema, validNumbers } from '../../messages/numbers.ts'
import { authorizeRead, budgetOf } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

/** Recipients who have opted out of advertising. Repeating it changes nothing. */
export default endpoint({
  method: 'POST',
  path: '/suppressions',
  kind: 'upload',
  name: 'addOptOuts',
  group: 'Opt-outs',
  problems: ['ledger-unavailable'],
  summary: 'Add opt-outs: no advertising is sent to these numbers',
  body: z
    .strictObject({
      numbers: numbersSchema,
      source: z.string().min(1).max(maxSource).optional().meta({ description: 'Where they opted out', example: '080-123-4567' }),
      note: z.string().min(1).max(maxNote).optional().meta({ description: 'Kept with each of them' }),
    })
    .meta({ title: 'AddOptOutsRequest' }),
  answers: {
    200: {
      description: 'What became of each number. One that had opted out before keeps its first date, source and note',
      schema: z.object({ results: rowResultsSchema('AddedNumber', 'added', 'present') }).meta({ title: 'AddOptOutsAnswer' }),
    },
  },
  handle: async (call, { body: { numbers, source, note } }) => {
    const refused = await authorizeRead(call)
    if (refused !== undefined) return refused
    const owner = { customer: call.caller.customer, environment: call.environment }
    const rows = numberRows(numbers)
    const at = call.now()
    const entries = validNumbers(rows).map((number) => ({
      number,
      at,
      ...(source !== undefined && { source }),
      ...(note !== undefined && { note }),
    }))
    const added = await call.ledger.suppress(owner, entries, budgetOf(call))
    return json(200, { results: rowResults(rows, added, 'added', 'present') })
  },
})
