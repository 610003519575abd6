/**
 * Compares two options with so many messages a month: negative if the first costs less, positive if the second does.
 * `undefined`: they differ in something whose price is unknown.
 */
export type Compare = (messages: number) => number | undefined

/** How two options compare over the messages of a month. */
export type BreakEven =
  /** Below `messages` the first costs less, from there on the other; or the other way round. */
  | { readonly kind: 'at'; readonly messages: number; readonly below: 'first' | 'second' }
  /** Whatever the traffic, up to the most that is looked at. */
  | { readonly kind: 'always'; readonly cheaper: 'first' | 'second' | 'equal' }
  | { readonly kind: 'unknown' }

/** More than any stage carries: 10,000 messages a second, all month, four times over. */
const maxMessages = 100_000_000_000

/**
 * The first number of messages a month at which the cheaper of two options is not cheaper any more. It looks at doubling numbers, and
 * halves between two of them: where price tiers make the options change places twice within one doubling, it finds neither.
 */
export function breakEven(compare: Compare): BreakEven {
  const sign = (messages: number): number | undefined => {
    const found = compare(messages)
    return found === undefined ? undefined : Math.sign(found)
  }
  const start = sign(0)
  if (start === undefined) return { kind: 'unknown' }
  if (sign(1) === undefined) return { kind: 'unknown' }
  let [low, high] = [0, 1]
  while (high <= maxMessages && (sign(high) === start || sign(high) === 0)) [low, high] = [high, high * 2]
  if (high > maxMessages) return { kind: 'always', cheaper: start < 0 ? 'first' : start > 0 ? 'second' : 'equal' }
  if (start === 0) return { kind: 'always', cheaper: (sign(high) ?? 0) < 0 ? 'first' : 'second' }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (sign(middle) === start) low = middle
    else high = middle
  }
  return { kind: 'at', messages: high, below: start < 0 ? 'first' : 'second' }
}

/** How often a queue is asked, whether a message comes or not: one consumer, one queue. */
export interface Polling {
  readonly how: string
  /** Requests in so many seconds. */
  readonly requests: number
  readonly everySeconds: number
}

/**
 * Ways to wait for messages. Short polling once a second is what the first version of this system did, 2,592,000 requests in 30
 * days. Lambda's pollers: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html.
 */
export const pollings: readonly Polling[] = [
  { how: 'short polling, once a second', requests: 1, everySeconds: 1 },
  { how: 'Lambda trigger, five long polls at a time', requests: 5, everySeconds: 20 },
  { how: 'long polling, 20 s', requests: 1, everySeconds: 20 },
  { how: 'long polling with pauses, as the worker', requests: 1, everySeconds: 40 },
]

/** Requests in a span of time, of a queue that stays empty. */
export function pollsIn({ requests, everySeconds }: Polling, seconds: number): number {
  return Math.ceil((seconds * requests) / everySeconds)
}

/** Seconds between two short polls at which they cost as much. */
export function equalInterval({ requests, everySeconds }: Polling): number {
  return everySeconds / requests
}
