import type { Remaining } from '../../../domain/admission.ts'
import type { Windows } from '../../../domain/calendar.ts'

/** The limits of a customer as they stand, by name. */
export interface LimitStanding {
  readonly name: 'rate' | 'day' | 'month'
  readonly limit: number
  readonly remaining: number
  /** Seconds of the window that the limit counts in. */
  readonly windowSeconds: number
  /** Milliseconds since 1970. */
  readonly resetsAt: number
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.ceil(milliseconds / 1000))
}

/** Every limit that the quota has, in the order in which they are checked. */
export function standings(remaining: Remaining, windows: Windows, now: number): LimitStanding[] {
  const { rate, burst = 1, day, month } = remaining.quota
  const found: LimitStanding[] = []
  if (rate !== undefined) {
    const windowSeconds = Math.max(1, Math.ceil(burst / rate))
    found.push({
      name: 'rate',
      limit: burst,
      remaining: remaining.rate,
      windowSeconds,
      resetsAt: now + Math.ceil(remaining.rateResetUs / 1000),
    })
  }
  for (const [name, limit] of [
    ['day', day],
    ['month', month],
  ] as const) {
    if (limit === undefined) continue
    const { start, end } = windows[name]
    found.push({ name, limit, remaining: remaining[name], windowSeconds: seconds(end - start), resetsAt: end })
  }
  return found
}

/**
 * `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-11 has them. The draft still changes, so
 * its syntax is known here and nowhere else.
 */
export function rateLimitHeaders(limits: readonly LimitStanding[], now: number): Record<string, string> {
  if (limits.length === 0) return {}
  let policy = ''
  let state = ''
  for (const { name, limit, remaining, windowSeconds, resetsAt } of limits) {
    const separator = policy === '' ? '' : ', '
    policy += `${separator}"${name}";q=${limit};w=${windowSeconds}`
    state += `${separator}"${name}";r=${remaining};t=${seconds(resetsAt - now)}`
  }
  return { 'ratelimit-policy': policy, ratelimit: state }
}
