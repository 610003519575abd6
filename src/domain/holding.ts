import { nightEnd } from './advertising.ts'
import type { Message } from './message.ts'
import { homePrefix } from './sending.ts'

/** A held message goes into the carrier's table this long before its `sendAt`, in milliseconds. */
export const releaseAheadMs = 60_000

/** Codes of messages that are refused when they are handed over to the carrier. Their units are given back. */
export const handOverCodes = ['ad-at-night', 'recipient-suppressed'] as const
export type HandOverCode = (typeof handOverCodes)[number]

export function isHandOverCode(code: string | undefined): code is HandOverCode {
  return handOverCodes.some((known) => known === code)
}

type Advertised = Pick<Message, 'to' | 'purpose' | 'adNight' | 'sendAt'>

/** What the night means for a message: `true` it may be sent; `false` it is refused; a number: it is held until then. */
function nightRule({ to, purpose, adNight = 'hold', sendAt = 0 }: Advertised, now: number): boolean | number {
  if (purpose !== 'ad' || adNight === 'consent' || !to.startsWith(homePrefix)) return true
  const at = Math.max(now, sendAt)
  const morning = nightEnd(at)
  if (morning !== undefined) return adNight === 'hold' ? morning : false
  // Handed over a minute early it could be sent at once: not every carrier's table has a column for its time.
  return nightEnd(now) === undefined ? true : at
}

/**
 * When a message that arrives now goes to its carrier.
 * @returns `undefined`: at once, and nothing has to be asked. An advertisement is always held, if only for a moment, because it is
 * compared with the opt-outs when it is handed over.
 */
export function dueAt(message: Advertised, now: number): number | undefined {
  const { sendAt = 0, purpose } = message
  const ahead = sendAt - releaseAheadMs
  if (purpose !== 'ad') return ahead > now ? ahead : undefined
  const due = Math.max(now, ahead)
  const night = nightRule(message, due)
  return typeof night === 'number' ? night : due
}

/** What becomes of a message that is due. */
export type HandOver =
  | { readonly kind: 'send' }
  | { readonly kind: 'hold'; readonly until: number }
  | { readonly kind: 'expired' }
  | { readonly kind: 'refused'; readonly code: HandOverCode }

/** @param isSuppressed whether the recipient has opted out of advertising */
export function handOver(message: Advertised & Pick<Message, 'expiresAt'>, now: number, isSuppressed: boolean): HandOver {
  if (message.expiresAt !== undefined && message.expiresAt <= now) return { kind: 'expired' }
  if (message.purpose === 'ad' && isSuppressed) return { kind: 'refused', code: 'recipient-suppressed' }
  const night = nightRule(message, now)
  if (typeof night === 'number') return { kind: 'hold', until: night }
  return night ? { kind: 'send' } : { kind: 'refused', code: 'ad-at-night' }
}
