import type { Disabled, WebhookKey } from '../../domain/webhook.ts'

/** What the worker of webhooks did: a line of its log each. */
export type WebhookWorkerEvent =
  /** A turn of an endpoint. */
  | ({ readonly kind: 'webhook'; readonly delivered: number; readonly failed: number; readonly ms: number } & WebhookKey)
  | ({ readonly kind: 'webhook-disabled'; readonly why: Disabled['why'] } & WebhookKey)
  /** How long the newest events waited for their first attempt, where their endpoint was up. */
  | { readonly kind: 'webhook-lag'; readonly lagMs: number; readonly webhooks: number; readonly down: number }
  /** The operator got notices of quotas that are used up in part. */
  | { readonly kind: 'notices'; readonly sent: number }
  /** A channel did not take them; `all`: they are given up. */
  | { readonly kind: 'notice-failed'; readonly channel: string; readonly notices: number; readonly error: unknown }
  | ({ readonly kind: 'webhook-failed'; readonly error: unknown } & Partial<WebhookKey>)

export type ObserveWebhooks = (event: WebhookWorkerEvent) => void
