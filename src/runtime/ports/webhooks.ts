import type { Webhook, WebhookEvent, WebhookKey } from '../../domain/webhook.ts'
import type { Owner } from './ledger.ts'
import type { SideEvent } from './side-events.ts'

/** What is stored, with the number of its last change: a change is written only if no other came first. */
export interface Stored<T> {
  readonly value: T
  readonly revision: number
}

/** An event that an endpoint did not take yet. */
export interface Pending {
  readonly event: WebhookEvent
  /** The callback of its message; absent: it goes to the endpoint's own URL. */
  readonly to?: string
  /** Attempts that count: those while the endpoint took other events. */
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly nextAt: number
}

/** How far an endpoint is. It is written as a whole. */
export interface Progress {
  /** The position in the customer's reports; absent: the oldest that is kept. */
  readonly cursor?: string
  readonly pending: readonly Pending[]
  /** Keys of events beside the reports that it has. */
  readonly done: readonly string[]
  /** Failures since the last success. */
  readonly failures: number
  /** Milliseconds since 1970: the first of them. */
  readonly failingSince?: number
  /** Nothing is sent before: it asked for a pause, or it is down. */
  readonly notBefore?: number
  readonly lastFailure?: { readonly at: number; readonly why: string }
  readonly lastSuccessAt?: number
  /** The worker that is at it, and until when. */
  readonly lease?: { readonly holder: string; readonly until: number }
}

/** How one attempt ended. */
export interface Attempt {
  readonly id: string
  readonly type: string
  /** The message, where the event is of one. */
  readonly message?: string
  /** Where it was sent, without its query, if not to the endpoint's own URL. */
  readonly to?: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly ms: number
  /** `failed`: it is tried again. `given up`: it is not. */
  readonly result: 'delivered' | 'failed' | 'given up'
  /** The status of the answer, or why there was none. */
  readonly why: string
}

export interface AttemptPage {
  /** Newest first. */
  readonly attempts: readonly Attempt[]
  readonly cursor?: string
}

/**
 * Endpoints of customers and how far each is. They are in the table of the ledger, so that what delivers needs no registry. Every
 * method throws Problem `ledger-unavailable`.
 */
export interface Webhooks {
  /** All endpoints. */
  all(): Promise<readonly Stored<Webhook>[]>
  /** Those of a customer. */
  of(customer: string): Promise<readonly Stored<Webhook>[]>
  find(key: WebhookKey): Promise<Stored<Webhook> | undefined>
  /** @param revision of what is replaced; absent: there is none yet @returns whether it was written: no other change came first */
  save(webhook: Webhook, revision?: number): Promise<boolean>
  /** Removes an endpoint with its progress. */
  remove(key: WebhookKey): Promise<void>
  progress(key: WebhookKey): Promise<Stored<Progress> | undefined>
  /** As `save`. */
  saveProgress(key: WebhookKey, progress: Progress, revision?: number): Promise<boolean>
  /** Events beside the reports, by key. */
  sideEvents(owner: Owner): Promise<readonly SideEvent[]>
  /**
   * Adds an event unless its key is there.
   * @param keptDays how long its key is remembered
   * @returns whether it is new
   */
  addSideEvent(owner: Owner, event: SideEvent, keptDays: number): Promise<boolean>
  removeSideEvents(owner: Owner, keys: readonly string[]): Promise<void>
  /** Keeps attempts for a week. */
  record(key: WebhookKey, attempts: readonly Attempt[]): Promise<void>
  /** @throws Problem `cursor-invalid` */
  attempts(key: WebhookKey, cursor: string | undefined): Promise<AttemptPage>
}
