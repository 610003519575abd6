const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Pauses after each attempt that failed: nine attempts over about a day. */
const pausesMs = [5_000, minuteMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 4 * hourMs, 8 * hourMs, 10 * hourMs]

/** Pauses of an endpoint that took nothing. */
const endpointPausesMs = [5_000, minuteMs, 5 * minuteMs]
const maxEndpointPauseMs = 15 * minuteMs

/** Turns in a row without a success after which an endpoint counts as down: it is then only probed, and its events wait. */
export const failuresUntilDown = 5
/** How long an endpoint may be without one success before it is disabled. Reports are kept for two days longer. */
export const maxDownMs = 5 * 24 * hourMs
const maxRetryAfterMs = 6 * hourMs

/** A tenth more or less, so that what failed together does not come again together. */
function jittered(ms: number, random: number): number {
  return Math.round(ms * (0.9 + 0.2 * random))
}

/**
 * How long an event waits after an attempt that failed.
 * @param attempts how many there were, from 1
 * @param random from 0 to 1
 * @returns milliseconds; `undefined`: that was the last attempt
 */
export function retryPause(attempts: number, random: number): number | undefined {
  const pause = pausesMs[attempts - 1]
  return pause === undefined ? undefined : jittered(pause, random)
}

/** How long an endpoint that took nothing is left alone. @param failures turns in a row, from 1 */
export function endpointPause(failures: number, random: number): number {
  return jittered(endpointPausesMs[failures - 1] ?? maxEndpointPauseMs, random)
}

/**
 * What a `Retry-After` asks for: seconds or a date (RFC 9110, section 10.2.3), at most six hours.
 * @returns milliseconds; `undefined`: it says nothing that can be read
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  // `Date.parse` reads almost anything, so only an IMF-fixdate (RFC 9110, section 5.6.7) counts.
  const wanted = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : text.endsWith('GMT') ? Date.parse(text) - now : Number.NaN
  return Number.isNaN(wanted) ? undefined : Math.min(Math.max(0, wanted), maxRetryAfterMs)
}
