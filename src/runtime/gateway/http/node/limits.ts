/** What one process spends at most on connections, bodies and calls. Times are in milliseconds. */
export interface ServeLimits {
  /** For the headers of a request, and for all of it. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** How often both are checked: node's default of 30 s would add half a minute to each. */
  readonly timeoutCheckMs: number
  readonly maxConnections: number
  /** Not used behind your own proxies, because all connections then come from their few addresses. */
  readonly maxConnectionsPerAddress: number
  /** Requests of one connection that may wait for their answers. */
  readonly maxPipelined: number
  /** Bytes of bodies that may be held at the same time; one customer may take half of them. */
  readonly maxBodyBytesHeld: number
  /** Calls that may be under way at the same time, whatever the load. */
  readonly maxCalls: number
  /** What is read and dropped after a refusal, so that the client gets to read it. */
  readonly lingerBytes: number
  readonly lingerMs: number
}

export const defaultLimits: ServeLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  maxPipelined: 32,
  maxBodyBytesHeld: 64 * 1024 * 1024,
  maxCalls: 1_000,
  lingerBytes: 32 * 1024 * 1024,
  lingerMs: 10_000,
}

export const maxHeaderBytes = 16_384
