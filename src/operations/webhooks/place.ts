import { Problem } from '../../domain/problem.ts'
import type { MasterKeys } from '../../domain/seal.ts'
import type { Webhook, WebhookKey } from '../../domain/webhook.ts'
import type { Ledger, Progress, Stored, Webhooks } from '../../runtime/ports/index.ts'

/** Where webhooks are. */
export interface WebhookStore {
  readonly webhooks: Webhooks
  readonly now: () => number
  /** Whether a change is only computed. */
  readonly dryRun: boolean
}

/** Webhooks beside the reports that they are made from. */
export interface WebhookPlace extends WebhookStore {
  readonly ledger: Ledger
}

/** A place with the keys that seal secrets. */
export interface SealingPlace extends WebhookPlace {
  readonly masterKeys: MasterKeys
}

const tries = 5

/** @throws Problem `webhook-unknown` */
export async function storedWebhook({ webhooks }: WebhookStore, key: WebhookKey): Promise<Stored<Webhook>> {
  const stored = await webhooks.find(key)
  if (stored !== undefined) return stored
  throw new Problem('webhook-unknown', `${key.customer} has no webhook "${key.name}" in ${key.environment}.`, {
    next: { command: 'webhook list', args: [key.customer] },
  })
}

/** Changes an endpoint; where another change comes first, the new state is changed. @throws Problem `webhook-unknown` */
export async function changed(place: WebhookStore, key: WebhookKey, change: (webhook: Webhook) => Webhook): Promise<Webhook> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const { value, revision } = await storedWebhook(place, key)
    const after = change(value)
    if (place.dryRun || (await place.webhooks.save(after, revision))) return after
  }
  throw busy()
}

/** Changes how far an endpoint is, also while a worker is at it: what that worker writes then has no effect. */
export async function moved(place: WebhookStore, key: WebhookKey, change: (progress: Progress) => Progress): Promise<void> {
  if (place.dryRun) return
  for (let attempt = 0; attempt < tries; attempt++) {
    const known = await place.webhooks.progress(key)
    const { lease: _lease, ...before } = known?.value ?? emptyProgress
    if (await place.webhooks.saveProgress(key, change(before), known?.revision)) return
  }
  throw busy()
}

export const emptyProgress: Progress = { pending: [], done: [], failures: 0 }

function busy(): Problem {
  return new Problem('ledger-unavailable', 'The webhook changes too often to be changed here. Nothing was changed.', {
    retryAfterMs: 2_000,
    next: 'run the command again',
  })
}
