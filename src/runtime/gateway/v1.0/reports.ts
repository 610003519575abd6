import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import type { Owner, ReportPage } from '../../ports/index.ts'
import { type Call, endpoint } from '../endpoint.ts'
import { json } from '../http.ts'
import { refusedToRead, reportSchema, shown } from '../reading.ts'

const mostReports = 500
const longestWait = 20
const firstLookMs = 250
const longestLookMs = 2_000

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/, 'is not a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))

const query = z.strictObject({
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'From the page before. Absent: from the oldest report that is kept' }),
  limit: whole(1, mostReports)
    .optional()
    .meta({ description: `1 to ${mostReports}, 100 if left out`, example: 100 }),
  wait: whole(0, longestWait)
    .optional()
    .meta({ description: `Seconds to wait for a report where there is none, up to ${longestWait}`, example: 20 }),
})

/** Looks again with growing pauses until there is a report or the time is over. */
async function awaited(call: Call, owner: Owner, cursor: string | undefined, limit: number, waitMs: number): Promise<ReportPage> {
  const until = performance.now() + waitMs
  let page = await call.ledger.reports(owner, cursor, limit)
  for (let pauseMs = firstLookMs; page.reports.length === 0; pauseMs = Math.min(longestLookMs, pauseMs * 2)) {
    const left = until - performance.now()
    if (left <= 0 || call.draining()) return page
    await sleep(Math.min(pauseMs, left))
    page = await call.ledger.reports(owner, page.cursor, limit)
  }
  return page
}

/** What became of messages, in the order in which it became known. Reading the next page acknowledges this one. */
export default endpoint({
  method: 'GET',
  path: '/reports',
  summary: 'Read reports',
  query,
  answers: {
    200: {
      description: 'At least once each: keep the cursor, and ask with it for what comes next',
      schema: z.object({ reports: z.array(reportSchema), cursor: z.string(), more: z.boolean() }),
    },
  },
  handle: async (call, { query: asked }) => {
    const refused = await refusedToRead(call)
    if (refused !== undefined) return refused
    const owner = { customer: call.caller.customer, environment: call.environment }
    const page = await awaited(call, owner, asked.cursor, asked.limit ?? 100, (asked.wait ?? 0) * 1000)
    return json(200, { reports: page.reports.map(shown), cursor: page.cursor, more: page.more })
  },
})
