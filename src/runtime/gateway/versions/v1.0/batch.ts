import * as z from 'zod'
import type { Charset } from '../../../../domain/euc-kr.ts'
import { describedRequestIn, normalizedTexts } from '../../../../domain/message.ts'
import { type FieldError, Problem, type ProblemCode, problemTable } from '../../../../domain/problem.ts'
import { isRecord } from '../../../../domain/record.ts'
import { json } from '../../http/http.ts'
import { rateLimitHeaders, standings } from '../../http/rate-limit-headers.ts'
import { checkedRows, refOf } from '../../messages/checked-rows.ts'
import { identityOf } from '../../messages/identity.ts'
import type { Checked } from '../../messages/planning.ts'
import { isCut } from '../../messages/sandbox.ts'
import { fieldError, heldAnswer, problemCode, sendingProblems, shownOf, unitsAnswer } from '../../messages/shown.ts'
import { type Row, submit } from '../../messages/submit.ts'
import { endpoint } from '../endpoint.ts'

const maxMessages = 500
/** 500 long messages with every character escaped would be more; a caller then sends two batches. */
const maxBytes = 2_097_152

const defaults = z
  .record(z.string(), z.unknown())
  .optional()
  .meta({ description: 'Fields for every message that lacks them', example: { from: '1588-1234' } })

const body = z.strictObject({
  defaults,
  messages: z.array(z.unknown()).min(1).max(maxMessages),
})

const described = (charset: Charset) =>
  z.object({ defaults, messages: z.array(describedRequestIn(charset)).min(1).max(maxMessages) }).meta({ title: 'BatchRequest' })

const problem = z
  .object({
    code: problemCode,
    detail: z.string(),
    retryable: z.boolean(),
    errors: z.array(fieldError).optional(),
  })
  .meta({ title: 'RowProblem' })
const answer = z
  .object({
    batchId: z.string().meta({ example: '3KQ4M8K2X1V9B3N5C6D0F8G2HB' }),
    accepted: z.int(),
    rejected: z.int().meta({ example: 0 }),
    units: z.int().optional().meta({ description: 'Units of the accepted messages together. Left out where each has 1' }),
    results: z
      .array(
        z
          .object({
            index: z.int().meta({ example: 0 }),
            id: z.string().optional(),
            ref: z.string().optional(),
            status: z.enum(['accepted', 'rejected']),
            normalized: normalizedTexts.optional(),
            units: unitsAnswer,
            heldUntil: heldAnswer,
            replayed: z
              .literal(true)
              .optional()
              .meta({ description: 'The message was accepted before, by its key, and is not sent again' }),
            problem: problem.optional(),
          })
          .meta({ title: 'BatchRow' }),
      )
      .meta({ description: 'One for each message, in order' }),
  })
  .meta({ title: 'BatchAnswer' })

/** Each message with the defaults of the batch. */
function messagesOf({ messages, defaults = {} }: z.output<typeof body>): unknown[] {
  return messages.map((row) => {
    return isRecord(row) ? { ...defaults, ...row } : row
  })
}

/** Every message at fault, by its place in the batch. */
function pointed(rows: readonly Checked[]): FieldError[] {
  return rows.flatMap(({ rejection }, index) =>
    (rejection?.errors ?? []).map(({ pointer, detail }) => ({ pointer: `/messages/${index}${pointer}`, detail })),
  )
}

/** Rejections of messages that are valid and cannot be sent now. */
const validButUnsent: ReadonlySet<ProblemCode> = new Set(['queue-unavailable', 'idempotency-in-progress'])

function answerOf(rows: readonly Row[], messages: readonly unknown[]) {
  const results = rows.map((row) => {
    const { index } = row
    if (row.kind === 'accepted') {
      const { id, replayed } = row
      return {
        index,
        id,
        ...refOf(messages[index]),
        status: 'accepted',
        ...shownOf(row),
        ...(replayed && { replayed }),
      }
    }
    const { rejection } = row
    // A message that cannot be sent now was a valid one, so its ref is one too.
    const named = validButUnsent.has(rejection.code) ? refOf(messages[index]) : {}
    return { index, ...named, status: 'rejected', problem: { ...rejection, retryable: problemTable[rejection.code].retryable } }
  })
  const accepted = rows.filter((row) => row.kind === 'accepted')
  const units = accepted.reduce((sum, row) => sum + (row.units ?? 1), 0)
  const priced = units === accepted.length ? {} : { units }
  return { accepted: accepted.length, rejected: rows.length - accepted.length, ...priced, results }
}

/** Why no message is sent: the reason that all of them share, or that none is a valid request. */
function noneSent(rows: readonly Checked[]): Problem {
  const errors = pointed(rows).slice(0, 50)
  const [first] = errors
  const [code = 'invalid-request', ...others] = new Set(rows.flatMap(({ rejection }) => rejection?.code ?? []))
  const what = others.length > 0 || code === 'invalid-request' ? 'No message is valid' : 'No message can be sent'
  const shared = others.length > 0 ? 'invalid-request' : code
  return new Problem(shared, `${what}. ${first?.pointer}: ${first?.detail}`, { errors })
}

/** Many messages in one call. Invalid ones are rejected one by one; units are taken for all of the others, or for none. */
export default endpoint({
  method: 'POST',
  path: '/messages/batch',
  summary: `Send up to ${maxMessages} messages`,
  name: 'sendBatch',
  group: 'Messages',
  problems: sendingProblems,
  body,
  described,
  idempotent: true,
  maxBodyBytes: maxBytes,
  answers: { 202: { description: 'Each message by itself: accepted, or rejected and why', schema: answer } },
  handle: async (call, { body: input }) => {
    const messages = messagesOf(input)
    const { rows, refusal } = await checkedRows(call, messages)
    const identity = identityOf(call, input)
    // Index -1 belongs to the batch itself, so its id is as stable as those of its messages.
    const batchId = identity.idOf(-1)
    const done = await submit(call, 'messages', rows, identity, (decided) => refusal ?? noneSent(decided))
    if (done.kind === 'refused') return call.refuse(done)
    const answer = { batchId, ...answerOf(done.rows, messages) }
    if (done.kind === 'replayed') return json(202, answer, { 'idempotency-replayed': 'true' })
    const { remaining, windows, now } = done.admission
    const sent = json(202, answer, rateLimitHeaders(standings(remaining, windows, now), now))
    const requests = rows.flatMap(({ request }) => (request === undefined ? [] : [request]))
    return isCut(call, requests) ? { ...sent, cut: true } : sent
  },
})
