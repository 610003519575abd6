import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { isHandOverCode } from '../../../../domain/holding.ts'
import type { Report } from '../../../../domain/report.ts'
import { isLate, type Owner, type ReportPage } from '../../../ports/index.ts'
import { json } from '../../http/http.ts'
import type { Call } from '../../messages/call.ts'
import { authorizeRead, budgetOf, cursorSchema, reportSchema, shown, wholeNumber } from '../../messages/reading.ts'
import { endpoint } from '../endpoint.ts'

const maxReports = 500
const maxWait = 20
const firstLookMs = 250
const maxLookMs = 2_000

const query = z.strictObject({
  cursor: cursorSchema('the oldest report that is kept'),
  limit: wholeNumber(1, maxReports)
    .optional()
    .meta({ description: `1 to ${maxReports}, 100 if left out`, example: 100 }),
  wait: wholeNumber(0, maxWait)
    .optional()
    .meta({ description: `Seconds to wait for a report where there is none, up to ${maxWait}`, example: 20 }),
})

/** Beside the wait, for the looks themselves. */
const lookMs = 8_000

interface Asked {
  readonly owner: Owner
  readonly cursor: string | undefined
  readonly limit: number
  readonly waitMs: number
}

/** Looks again with growing pauses until there is a report, the time is over, or the client leaves. */
async function awaited(call: Call, { owner, cursor, limit, waitMs }: Asked): Promise<ReportPage> {
  const until = performance.now() + waitMs
  const budget = budgetOf(call, waitMs + lookMs)
  let page = await call.ledger.reports(owner, cursor, limit, budget)
  for (let pauseMs = firstLookMs; page.reports.length === 0 && !page.more; pauseMs = Math.min(maxLookMs, pauseMs * 2)) {
    const left = until - performance.now()
    if (left <= 0 || call.draining()) return page
    call.request.resting?.()
    await sleep(Math.min(pauseMs, left), undefined, { signal: budget.signal }).catch(() => undefined)
    // A front that waits for less than was asked for gets the empty page in time.
    if (isLate(budget.signal)) return page
    page = await call.ledger.reports(owner, page.cursor, limit, budget)
  }
  return page
}

/** Whether the message of a report was refused when it was handed over, or cancelled: its units may still be owed. */
function isNeverSent({ status, code }: Report): boolean {
  return status === 'cancelled' || (status === 'failed' && isHandOverCode(code))
}

/** What became of messages, in the order in which it became known. Reading the next page acknowledges this one. */
export default endpoint({
  method: 'GET',
  path: '/reports',
  kind: 'read',
  name: 'listReports',
  group: 'Reports',
  problems: ['cursor-invalid', 'ledger-unavailable'],
  summary: 'Read reports',
  query,
  answers: {
    200: {
      description: 'At least once each: keep the cursor, and ask with it for what comes next',
      schema: z
        .object({
          reports: z.array(reportSchema),
          cursor: z.string().meta({ description: 'Ask with it for what comes next', example: '20261123.8Q' }),
          more: z.boolean().meta({ description: 'More are there already' }),
        })
        .meta({ title: 'ReportPage' }),
    },
  },
  handle: async (call, { query: asked }) => {
    const refused = await authorizeRead(call)
    if (refused !== undefined) return refused
    const owner = { customer: call.caller.customer, environment: call.environment }
    const waitMs = (asked.wait ?? 0) * 1000
    const cursor = asked.cursor === undefined ? undefined : call.cursors.take(owner, asked.cursor)
    const done = waitMs > 0 ? call.readLimits.poll(owner) : undefined
    try {
      const page = await awaited(call, { owner, cursor, limit: asked.limit ?? 100, waitMs })
      // Who reads that a message was never sent expects its units back. Functions have no sweep that would give them back.
      if (page.reports.some(isNeverSent)) call.settlements.reconcile(owner.customer, owner.environment)
      return json(200, { reports: page.reports.map(shown), cursor: call.cursors.give(owner, page.cursor), more: page.more })
    } finally {
      done?.()
    }
  },
})
