/** One message as it was received. `receipt` is what deletes it. */
export interface Received {
  /** SQS's own id of the message. */
  readonly id: string
  readonly body: string
  readonly receipt: string
  /** How often it has been received, including this time. */
  readonly receiveCount: number
  /** Milliseconds since 1970. */
  readonly sentAt: number
}

export interface ReceiveOptions {
  /** 1 to 10. */
  readonly most: number
  /** How long to wait for a message if the queue is empty: 0 to 20 seconds. */
  readonly waitSeconds: number
  /** The visibility timeout, if it differs from the queue's default. */
  readonly visibilitySeconds?: number
  readonly signal?: AbortSignal
}

export interface QueueState {
  /** Approximate, as reported by SQS. */
  readonly visible: number
  readonly inFlight: number
  readonly delayed: number
  /** How long a received message stays hidden. */
  readonly visibilitySeconds: number
  readonly deadLetter?: { readonly queue: string; readonly maxReceiveCount: number }
}

/** The limits of one request (SQS SendMessageBatch: 10 entries; 256 KB in total). */
export const batchEntries = 10
export const batchBytes = 256 * 1024

/** A message queue with the guarantees of SQS, as the gateway, the worker and the operator use it. */
export interface Queue {
  /**
   * Sends up to 10 bodies in one request.
   * @returns for each body, in order, `true` if the queue confirmed it, or why not
   * @throws Problem `queue-unavailable` if the outcome of all is unknown
   */
  sendBatch(queue: string, bodies: readonly string[]): Promise<readonly (true | Error)[]>
  receive(queue: string, options: ReceiveOptions): Promise<Received[]>
  /** @returns the receipts that could not be deleted: those messages are delivered again */
  delete(queue: string, receipts: readonly string[]): Promise<string[]>
  /** Hides messages for `seconds` from now; 0 gives them back at once. @returns the receipts that are no longer valid */
  extend(queue: string, receipts: readonly string[], seconds: number): Promise<string[]>
  /** @throws Problem `queue-unavailable` if the queue does not exist */
  state(queue: string): Promise<QueueState>
  /** Names of the queues in this account and region, sorted. */
  names(prefix?: string): Promise<string[]>
  /** Deletes all messages. SQS needs up to 60 seconds. */
  purge(queue: string): Promise<void>
  close(): void
}
