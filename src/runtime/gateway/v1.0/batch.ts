import * as z from 'zod'
import { type MessageRequest, messageRequest, normalizedTexts, sendAtError } from '../../../domain/message.ts'
import { type FieldError, Problem, type ProblemCode, problemTable } from '../../../domain/problem.ts'
import type { Call } from '../endpoint.ts'
import { endpoint, fieldErrors } from '../endpoint.ts'
import { type HttpResponse, json } from '../http.ts'
import { missingMedia } from '../images.ts'
import { rateLimitHeaders, standings } from '../rate-limit-headers.ts'
import { isCut } from '../sandbox.ts'
import { type Asked, type Identity, identityOf, type Row, submit } from '../submit.ts'

const mostMessages = 500
/** 500 long messages with every character escaped would be more; a caller then sends two batches. */
const mostBytes = 2_097_152

const defaults = z
  .record(z.string(), z.unknown())
  .optional()
  .meta({ description: 'Fields for every message that lacks them', example: { from: '1588-1234' } })

const body = z.strictObject({
  defaults,
  messages: z.array(z.unknown()).min(1).max(mostMessages),
})

const described = z.object({
  defaults,
  messages: z.array(messageRequest).min(1).max(mostMessages),
})

const problem = z.object({
  code: z.string(),
  detail: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
})
const answer = z.object({
  batchId: z.string(),
  accepted: z.int(),
  rejected: z.int(),
  results: z
    .array(
      z.object({
        index: z.int(),
        id: z.string().optional(),
        ref: z.string().optional(),
        status: z.enum(['accepted', 'rejected']),
        normalized: normalizedTexts.optional(),
        problem: problem.optional(),
      }),
    )
    .meta({ description: 'One for each message, in order' }),
})

interface Rejection {
  readonly code: ProblemCode
  readonly detail: string
  readonly errors?: readonly FieldError[]
}

/** A message of the batch: as it will be sent, or why it will not be. */
type Checked = { readonly request: MessageRequest } | { readonly rejection: Rejection }

function invalid(errors: readonly FieldError[]): { rejection: Rejection } {
  const [first] = errors
  const detail = `${first?.pointer || 'the message'}: ${first?.detail ?? 'is not valid'}`
  return { rejection: { code: 'invalid-request', detail, errors } }
}

function checkedRow(row: unknown, defaults: object, now: number): Checked {
  const isObject = typeof row === 'object' && row !== null && !Array.isArray(row)
  const result = messageRequest.safeParse(isObject ? { ...defaults, ...row } : row)
  if (!result.success) return invalid(fieldErrors(result.error.issues).slice(0, 5))
  const detail = sendAtError(result.data, now)
  return detail === undefined ? { request: result.data } : invalid([{ pointer: '/sendAt', detail }])
}

async function checkedRows(call: Call, input: z.output<typeof body>): Promise<Checked[]> {
  const rows = input.messages.map((row) => checkedRow(row, input.defaults ?? {}, call.now()))
  const missing = await missingMedia(
    call,
    rows.map((row) => ('request' in row ? row.request : {})),
  )
  return rows.map((row, index) => (missing[index] === undefined || 'rejection' in row ? row : invalid([missing[index]])))
}

/** Every message at fault, by its place in the batch. */
function pointed(rows: readonly Checked[]): FieldError[] {
  return rows.flatMap((row, index) =>
    'rejection' in row
      ? (row.rejection.errors ?? []).map(({ pointer, detail }) => ({ pointer: `/messages/${index}${pointer}`, detail }))
      : [],
  )
}

/** What is kept for a replay: which of the messages that were asked for no queue took. All else follows from the call. */
function keptOf(rows: readonly Row[]): string {
  return JSON.stringify(rows.filter((row) => !row.accepted).map((row) => row.index))
}

function answerOf(rows: readonly Checked[], identity: Identity, ids: ReadonlyMap<number, string>, untaken: ReadonlySet<number>) {
  const results = rows.map((row, index) => {
    if ('rejection' in row) return { index, status: 'rejected', problem: withRetry(row.rejection) }
    const { ref, normalized } = row.request
    const named = { index, ...(ref !== undefined && { ref }) }
    if (untaken.has(index)) return { ...named, status: 'rejected', problem: withRetry(notTaken) }
    return {
      index,
      id: ids.get(index) ?? identity.idOf(index),
      ...(ref !== undefined && { ref }),
      status: 'accepted',
      ...(normalized && { normalized }),
    }
  })
  const accepted = results.filter((result) => result.status === 'accepted').length
  return { accepted, rejected: results.length - accepted, results }
}

const notTaken: Rejection = { code: 'queue-unavailable', detail: 'The message was not accepted, and its unit was given back.' }

function withRetry(rejection: Rejection) {
  return { ...rejection, retryable: problemTable[rejection.code].retryable }
}

async function send(call: Call, rows: readonly Checked[], identity: Identity): Promise<HttpResponse> {
  const asked = rows.flatMap((row, index): Asked[] => ('request' in row ? [{ index, request: row.request }] : []))
  // Index -1 is no message's: the batch's own name is as stable as theirs.
  const batchId = identity.idOf(-1)
  const done = await submit(call, 'messages', asked, identity, keptOf)
  if (done.kind === 'refused') return call.refuse(done)
  if (done.kind === 'replay') {
    const untaken = new Set<number>(JSON.parse(done.response))
    return json(202, { batchId, ...answerOf(rows, identity, new Map(), untaken) }, { 'idempotency-replayed': 'true' })
  }
  const ids = new Map(done.rows.map((row) => [row.index, row.id]))
  const untaken = new Set(done.rows.filter((row) => !row.accepted).map((row) => row.index))
  const { remaining, windows, now } = done.admission
  const limits = rateLimitHeaders(standings(remaining, windows, now), now)
  const sent = json(202, { batchId, ...answerOf(rows, identity, ids, untaken) }, limits)
  const requests = asked.map(({ request }) => request)
  return isCut(call, requests) ? { ...sent, cut: true } : sent
}

/** Many messages in one call. Invalid ones are rejected one by one; units are taken for all of the others, or for none. */
export default endpoint({
  method: 'POST',
  path: '/messages/batch',
  summary: `Send up to ${mostMessages} messages`,
  body,
  described,
  idempotent: true,
  maxBodyBytes: mostBytes,
  answers: { 202: { description: 'Each message by itself: accepted, or rejected and why', schema: answer } },
  handle: async (call, { body: input }) => {
    const rows = await checkedRows(call, input)
    if (rows.every((row) => 'rejection' in row)) {
      const errors = pointed(rows).slice(0, 50)
      const [first] = errors
      throw new Problem('invalid-request', `No message is valid. ${first?.pointer}: ${first?.detail}`, { errors })
    }
    return send(call, rows, identityOf(call, input))
  },
})
