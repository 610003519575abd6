import * as z from 'zod'
import type { Row } from './submit.ts'

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
