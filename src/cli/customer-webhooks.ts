import { Problem } from '../domain/problem.ts'
import { openWebhooks, type WebhookStore } from '../operations/webhooks/index.ts'
import type { Settings } from './settings.ts'

/**
 * Changes the webhooks of a customer after the customer itself was changed. Without a ledger there are none.
 * @param done what was done to the customer, such as `acme is suspended.`
 * @returns how many endpoints that concerned
 * @throws Problem `ledger-unavailable`, which says what was done and what was not
 */
export async function changeWebhooks(
  { ledger }: Settings,
  done: string,
  dryRun: boolean,
  change: (store: WebhookStore) => Promise<number>,
): Promise<number> {
  const webhooks = openWebhooks(ledger)
  if (webhooks === undefined) return 0
  try {
    return await change({ webhooks, now: Date.now, dryRun })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw new Problem(error.code, `${done} Its webhooks were not changed: ${error.message}`, {
      next: 'run the command again: it changes what is left',
      cause: error,
    })
  }
}
