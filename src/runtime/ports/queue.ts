/** One message as it was received. `receipt` is what deletes it. */
export interface Received {
  /** SQS's own id of the message. */
  readonly id: string
  readonly body: string
  readonly receipt: string
  /** How often it has been received, this time included. */
  readonly receiveCount: number
  /** Milliseconds since 1970. */
  readonly sentAt: number
}

export interface ReceiveOptions {
  /** 1 to 10. */
  readonly most: number
  /** How long to wait for a message while there is none: 0 to 20 seconds. */
  readonly waitSeconds: number
  /** For how long nobody else receives it, where that is another time than the queue's own. */
  readonly visibilitySeconds?: number
  readonly signal?: AbortSignal
}

export interface QueueState {
  /** Approximate, as SQS tells them. */
  readonly visible: number
  readonly inFlight: number
  readonly delayed: number
  /** How long a message that was received stays hidden. */
  readonly visibilitySeconds: number
  readonly deadLetter?: { readonly queue: string; readonly maxReceiveCount: number }
}

/** What one request carries at most (SQS, SendMessageBatch: 10 entries; we keep to 256 KB in all). */
export const batchEntries = 10
export const batchBytes = 256 * 1024

/** A message queue: what SQS promises, in the words that the gateway, the worker and the operator need. */
export interface Queue {
  /**
   * Sends up to 10 bodies in one request.
   * @returns for each body, in order, whether the queue has confirmed that it holds it; or why not
   * @throws Problem `queue-unavailable` where nothing is known of any
   */
  sendBatch(queue: string, bodies: readonly string[]): Promise<readonly (true | Error)[]>
  receive(queue: string, options: ReceiveOptions): Promise<Received[]>
  /** @returns the receipts that could not be deleted: those messages will come again */
  delete(queue: string, receipts: readonly string[]): Promise<string[]>
  /** Hides messages for `seconds` from now; 0 gives them back at once. @returns the receipts that are no longer ours */
  extend(queue: string, receipts: readonly string[], seconds: number): Promise<string[]>
  /** @throws Problem `queue-unavailable` where there is no such queue */
  state(queue: string): Promise<QueueState>
  /** Names of the queues in this account and region, sorted. */
  names(prefix?: string): Promise<string[]>
  /** Throws everything in it away. SQS takes up to 60 seconds for it. */
  purge(queue: string): Promise<void>
  close(): void
}
