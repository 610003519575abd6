/** One message as it was received. `receipt` is what deletes it. */
export interface Received {
  readonly body: string
  readonly receipt: string
  /** How often it has been received, this time included. */
  readonly receiveCount: number
}

export interface ReceiveOptions {
  /** 1 to 10. */
  readonly most: number
  /** How long to wait for a message while there is none: 0 to 20 seconds. */
  readonly waitSeconds: number
  readonly signal?: AbortSignal
}

export interface QueueDepth {
  readonly visible: number
  readonly inFlight: number
}

/** A message queue: what SQS promises, in the words that the gateway and the worker need. */
export interface Queue {
  /** Resolves only when the queue has confirmed that it holds the message. */
  send(queue: string, body: string): Promise<void>
  receive(queue: string, options: ReceiveOptions): Promise<Received[]>
  /** @returns the receipts that could not be deleted: those messages will come again */
  delete(queue: string, receipts: readonly string[]): Promise<string[]>
  /** @throws Problem `queue-unavailable` where there is no such queue */
  depth(queue: string): Promise<QueueDepth>
  close(): void
}
