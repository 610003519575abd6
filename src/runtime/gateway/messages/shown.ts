import * as z from 'zod'
import type { ApiProblemCode } from '../../../domain/problem.ts'
import type { Row } from './submit.ts'

/** A code in an answer. Later versions may add to them: readers need a branch for one that they do not know. */
export const problemCode = z.string().meta({ description: 'Stable, for programs. More may be added', example: 'invalid-request' })

export const fieldError = z
  .object({
    pointer: z.string().meta({ description: 'Where it is in what you sent (RFC 6901)', example: '/to' }),
    detail: z.string(),
  })
  .meta({ title: 'FieldError' })

/** Codes of the calls that send. In a batch most of them are those of a row. */
export const sendingProblems: readonly ApiProblemCode[] = [
  'units-exceed-limit',
  'route-missing',
  'quota-missing',
  'rate-exceeded',
  'day-quota-exceeded',
  'month-quota-exceeded',
  'sender-not-registered',
  'profile-not-registered',
  'destination-not-allowed',
  'ad-at-night',
  'recipient-suppressed',
  'callback-not-allowed',
  'queue-unavailable',
  'ledger-unavailable',
  'media-unavailable',
]

export const unitsAnswer = z
  .int()
  .optional()
  .meta({ description: 'Units of the message, by its type and destination. Left out: 1' })

export const heldAnswer = z.iso
  .datetime()
  .optional()
  .meta({ description: 'When an advertisement is sent that is held until the morning' })

/** What an answer says of an accepted message beside its id. Whatever is as usual is left out. */
export function shownOf({ normalized, units, heldUntil }: Extract<Row, { kind: 'accepted' }>) {
  return {
    ...(normalized !== undefined && { normalized }),
    ...(units !== undefined && units !== 1 && { units }),
    ...(heldUntil !== undefined && { heldUntil: new Date(heldUntil).toISOString() }),
  }
}
