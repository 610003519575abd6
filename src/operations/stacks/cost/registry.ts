import { hoursAMonth, type Prices } from './prices.ts'

/** What a registry in DynamoDB costs, beside one in Redis. */
export interface RegistryCost {
  /** `null`: a price is unknown. */
  readonly dollarsAMillionCalls: number | null
  /** Calls a month above which two small nodes of Redis cost less. */
  readonly redisIsCheaperAbove: number | null
}

/**
 * Capacity units of one signed call with an Idempotency-Key that is alone, which is the dearest: the books are written when units are taken
 * and when the call is settled, and the nonce and the answer are items of their own. The customer, the books, the nonce and the key of the
 * call are read (docs/decisions/0068-books-of-a-customer-in-one-item.md). An item of up to 1 KB is one unit of writing, and of up to 4 KB
 * one of a consistent read
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html). Busy customers share their writes.
 */
const unitsACall = { writes: 4, reads: 4 } as const
const nodes = 2
const nodeType = 'cache.t4g.micro'
const million = 1_000_000

/** The price of a registry in DynamoDB by calls, and how many calls a month two nodes of Redis cost as much as. */
export function registryCost({ tableWrite, tableRead, registryHour }: Prices): RegistryCost {
  if (tableWrite === undefined || tableRead === undefined) return { dollarsAMillionCalls: null, redisIsCheaperAbove: null }
  const each = unitsACall.writes * tableWrite + unitsACall.reads * tableRead
  const node = registryHour[nodeType]
  return {
    dollarsAMillionCalls: Math.round(each * million * 100) / 100,
    redisIsCheaperAbove: node === undefined ? null : Math.round((nodes * node * hoursAMonth) / each / 100_000) * 100_000,
  }
}
