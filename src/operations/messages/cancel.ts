import { cancelMessage } from '../../runtime/gateway/index.ts'
import type { Ledger, Owner, Standing } from '../../runtime/ports/index.ts'

/**
 * Cancels a message for a customer. A gateway gives its units back when the customer reads the report, and every hour.
 * @throws Problem `message-unknown`, `message-released`, `ledger-unavailable`
 */
export function cancelFor(ledger: Ledger, owner: Owner, id: string): Promise<Standing> {
  return cancelMessage({ ledger }, owner, id)
}
