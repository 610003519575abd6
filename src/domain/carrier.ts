import * as z from 'zod'

const identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, 'cannot be a table or column: use letters, digits and "_", starting with a letter')

/** Who delivers: the queue that its messages come from, and its table. A table without `columns` is one of ours. */
export const carrier = z.strictObject({
  queue: z.string().min(1).max(80),
  table: identifier,
})

export type Carrier = z.infer<typeof carrier>
