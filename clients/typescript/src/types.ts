/** Values that are known today. Later versions of the API may have more: a program needs a branch for them. */
export type Known<Values extends string> = Values | (string & Record<never, never>)

/** Options of one call. */
export interface CallOptions {
  /** Ends the call, and the waiting between its attempts. */
  readonly signal?: AbortSignal
}

/** Options of a call that sends. */
export interface SendOptions extends CallOptions {
  /** Your own name for the call. Absent: a random one, which makes the client's own repetitions safe and no others. */
  readonly idempotencyKey?: string
}

/** A call as the transport makes it. */
export interface Request {
  readonly method: string
  /** Below the environment: `/v1.0/messages`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly mediaType?: string
  readonly idempotent?: boolean
}
