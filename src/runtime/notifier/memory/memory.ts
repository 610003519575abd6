/** Whether an alert is this one's to send. */
export type Taken =
  /** It was not sent before. */
  | 'ours'
  /** It was sent for the same report: AWS handed that over again. */
  | 'sent'
  /** Another report of the same action sent it, sends it, or waits in the dead-letter queue with it. */
  | 'others'
  /** Another run sends it right now for the same report; whether it arrives is not known yet. */
  | 'busy'

/** One alert that is sent later, with others. */
export interface Collected {
  /** Different for each alert, the same when it is collected again. */
  readonly key: string
  readonly rule: string
  readonly severity: string
  readonly title: string
  readonly actor: string
  readonly action: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/**
 * What runs of the notifier know of each other. Everything may be said twice: Lambda repeats what failed half way, and
 * a repeated word changes nothing.
 */
export interface Memory {
  /** Takes an alert for a report, for as long as a run of the function may last. */
  take(key: string, report: string): Promise<Taken>
  /** It was sent. */
  settle(key: string, report: string): Promise<void>
  /** It was not sent: the same report, or another, may take it. */
  release(key: string, report: string): Promise<void>
  /** Notes that `id` happened at `at` and returns how many different ids there were in the `windowMs` before it, at most `most`. */
  count(what: string, id: string, at: number, windowMs: number, most: number): Promise<number>
  /** Stores an alert to be sent at `due`. */
  collect(due: number, alert: Collected): Promise<void>
  /** Alerts that were due at `now` and not sent: at most a few thousand, oldest first. */
  due(now: number): Promise<{ readonly due: number; readonly alert: Collected }[]>
  /** Marks alerts as sent. */
  markSent(alerts: readonly { readonly due: number; readonly alert: Collected }[]): Promise<void>
}

/** Longer than the 14 days for which a dead-letter queue keeps what may be sent again from it. */
export const rememberMs = 15 * 86_400_000
/** A little longer than a run of the function may last, and shorter than the minute after which Lambda repeats a failed one. */
export const leaseMs = 55_000
