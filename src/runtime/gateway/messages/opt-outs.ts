import type { MessageRequest } from '../../../domain/message.ts'
import { recipientHash } from '../../../domain/recipient-hash.ts'
import type { HashedNumbers } from '../../ports/index.ts'
import type { Call } from './call.ts'
import { budgetOf } from './reading.ts'

/** Longest that a call waits to learn who has opted out. */
const maxWaitMs = 5_000

/**
 * Which recipients of advertisements have opted out of the customer's advertising, as of now. A call without an advertisement reads
 * nothing.
 * @throws Problem `ledger-unavailable`, `master-key-missing`
 */
export async function optedOut(
  call: Call,
  requests: readonly Pick<MessageRequest, 'purpose' | 'to'>[],
): Promise<ReadonlySet<string>> {
  const numbers = [...new Set(requests.flatMap(({ purpose, to }) => (purpose === 'ad' ? [to] : [])))]
  if (numbers.length === 0) return new Set()
  const { caller, environment, ledger } = call
  return ledger.suppressed({ customer: caller.customer, environment }, numbers, budgetOf(call, maxWaitMs), hashedNumbers(call))
}

/** How opt-outs of the caller's customer are found whose number was erased. */
export function hashedNumbers({ caller, environment, recipientKeys }: Call): HashedNumbers {
  const owner = { customer: caller.customer, environment }
  return {
    of: (number) => (recipientKeys?.all ?? []).map((key) => recipientHash(key, owner, number)),
    keyIds: recipientKeys?.ids ?? new Set(),
  }
}
