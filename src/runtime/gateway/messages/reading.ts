import * as z from 'zod'
import { messageIdPattern } from '../../../domain/ids.ts'
import { outcomes, type Report, statuses } from '../../../domain/report.ts'
import { ReadBudget, type Standing } from '../../ports/index.ts'
import type { HttpResponse } from '../http/http.ts'
import { admit } from './admit.ts'
import type { Call } from './call.ts'

/** Whether the caller may read: like any call, but without a unit and without a quota. @returns why not, if so */
export async function authorizeRead(call: Call): Promise<HttpResponse | undefined> {
  const admission = await admit(call, 0)
  return admission.kind === 'refused' && admission.reason !== 'quota-missing' ? call.refuse(admission) : undefined
}

/** A whole number in a query string, which the description shows as the number that it is. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,4}$/, 'is not a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
    .meta({ type: 'integer', minimum: least, maximum: most })
}

/** Where a page begins, in a query string. @param first what comes without one */
export function cursorSchema(first: string) {
  return z
    .string()
    .max(200)
    .optional()
    .meta({ description: `From the page before. Absent: from ${first}` })
}

/** Requests to the ledger that one call may cost, a long poll with all its looks included. */
const maxReads = 64
const defaultTimeMs = 10_000

/** What a call may read, and for how long: it ends when the client leaves. @param timeMs maximum time of the call */
export function budgetOf(call: Call, timeMs = defaultTimeMs): ReadBudget {
  return new ReadBudget(maxReads, AbortSignal.any([call.signal, AbortSignal.timeout(timeMs)]))
}

export const messageIdSchema = z
  .string()
  .regex(messageIdPattern, 'is not the id of a message')
  .meta({ description: 'As the answer to the message gave it', example: '7ZQ4M8K2X1V9B3N5C6D0F8G2HA' })

const common = {
  id: z.string().meta({ example: '7ZQ4M8K2X1V9B3N5C6D0F8G2HA' }),
  ref: z.string().optional().meta({ description: 'Your own name for the message' }),
  code: z.string().optional().meta({ description: "The carrier's own word for the outcome" }),
  channel: z
    .string()
    .optional()
    .meta({
      description:
        'What it was delivered as, where the carrier says so: an alimtalk as alimtalk, or as the sms or lms of its fallback. More may be added',
      examples: ['alimtalk', 'sms', 'lms'],
    }),
  at: z.iso.datetime().meta({ description: 'Since when' }),
}
/** Named values to which later versions may add: readers need a branch for one that it does not know. */
function growing(known: readonly string[], description: string) {
  return z.string().meta({ description: `${description}: ${known.join(', ')}. More may be added`, examples: [...known] })
}
/** A message's status, as its customer reads it. */
export const statusSchema = z
  .object({
    ...common,
    status: growing(statuses, 'Where the message is'),
    callback: z.string().optional().meta({ description: 'Where the events of this message are sent' }),
  })
  .meta({ title: 'MessageStatus' })
/** A message's final outcome. */
export const reportSchema = z.object({ ...common, status: growing(outcomes, 'What became of it') }).meta({ title: 'Report' })

/** The status of a message, as its customer reads it. */
export function shownStatus(standing: Standing) {
  const { callback } = standing
  return { ...shown(standing), ...(callback !== undefined && { callback }) }
}

export function shown({ id, ref, status, code, channel, at }: Standing | Report) {
  return {
    id,
    ...(ref !== undefined && { ref }),
    status,
    ...(code && { code }),
    ...(channel && { channel }),
    at: new Date(at).toISOString(),
  }
}
