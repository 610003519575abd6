import * as z from 'zod'

/** What finally became of a message. */
export const outcomes = ['delivered', 'failed', 'expired', 'rejected', 'cancelled'] as const
/**
 * `delivered`: the carrier says so. `failed`: the carrier says why in `code`. `expired`: its `ttl` ran out before it was
 * handed over. `rejected`: the carrier's table does not hold it. `cancelled`: its customer withdrew it before it was handed over.
 */
export type Outcome = (typeof outcomes)[number]

/** `accepted`: answered 202. `scheduled`: held until its time. `queued`: in the carrier's table. Then one of the outcomes. */
export const statuses = ['accepted', 'scheduled', 'queued', ...outcomes] as const
export type Status = (typeof statuses)[number]

/** A message's final outcome, as its customer reads it. */
export const report = z.strictObject({
  id: z.string(),
  ref: z.string().exactOptional(),
  status: z.enum(outcomes),
  /** The carrier's own word for it. */
  code: z.string().exactOptional(),
  /** What it was delivered as, where its carrier says so: of an alimtalk `alimtalk`, or the type of its fallback. An open list. */
  channel: z.string().exactOptional(),
  /** Milliseconds since 1970: when the carrier ended it. */
  at: z.int().nonnegative(),
})

export type Report = z.infer<typeof report>
