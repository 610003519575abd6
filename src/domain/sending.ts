import { hash } from 'node:crypto'
import type { MessageType } from './message.ts'
import { Problem } from './problem.ts'

/** The calling code of the country that customers send to unless another one is allowed. */
export const homePrefix = '+82'

/** A number that a customer has asked to send from. Carriers in Korea take registered numbers only. */
export interface Sender {
  /** E.164, as `phoneNumber` gives it. */
  readonly number: string
  /** `pending`: its documents are not checked yet, and it cannot be used. One that has expired stays `active` in the store. */
  readonly state: 'pending' | 'active'
  /** Where the proof of ownership is kept: a reference, never the document. */
  readonly document?: string
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  readonly addedAt: number
}

/** A number that a customer may send from. */
export interface RegisteredSender {
  /** E.164, as `phoneNumber` gives it. */
  readonly number: string
  /** Milliseconds since 1970; absent: no end. */
  readonly expiresAt?: number
}

/**
 * What happens to an advertisement for a Korean recipient between 21:00 and 08:00: it is held until 08:00, it is refused, or
 * it is sent, because the recipients consented to that separately (Network Act, article 50, paragraph 3).
 */
export const adNightRules = ['hold', 'refuse', 'consent'] as const
export type AdNightRule = (typeof adNightRules)[number]

/** Units of a message: those of its type, times the factor of its destination. */
export interface Prices {
  /** The name of the price class that it was copied from. */
  readonly name: string
  readonly types: { readonly [type in MessageType]?: number }
  /** The longest matching prefix in E.164 (`+82`, `+1`) decides; none: 1. */
  readonly destinations: readonly { readonly prefix: string; readonly factor: number }[]
}

/** What an operator has set for a customer. What is absent has its default (`policyOf`). */
export interface SendingSettings {
  readonly from?: SendingPolicy['from']
  readonly senders?: readonly Sender[]
  readonly destinations?: readonly string[]
  readonly adNight?: AdNightRule
  readonly prices?: Prices
  readonly originCode?: string
  /** Kakao channels that it may send alimtalk as: their sender keys or names. */
  readonly alimtalkProfiles?: readonly string[]
}

/** What a customer may send, and what it costs. The gateway plans a call's rows with it before anything is taken. */
export interface SendingPolicy {
  /** `registered`: from these senders only. `any`: the operator has switched the check off for this customer. */
  readonly from: 'registered' | 'any'
  readonly senders: readonly RegisteredSender[]
  /** Prefixes in E.164 of the destinations that are allowed. */
  readonly destinations: readonly string[]
  readonly adNight: AdNightRule
  readonly prices?: Prices
  /** The code by which carriers identify the reseller's customer (최초발신사업자 식별코드). */
  readonly originCode?: string
  /** Kakao channels that it may send alimtalk as; absent: none. */
  readonly alimtalkProfiles?: readonly string[]
}

/** KISA gives out nine digits; carriers' columns hold up to twenty characters. */
export const originCodePattern = /^[A-Za-z0-9]{1,20}$/

/** @throws Problem `input-invalid` */
export function checkOriginCode(code: string): void {
  if (originCodePattern.test(code)) return
  throw new Problem('input-invalid', `"${code}" is not an origin code: use up to 20 letters and digits.`)
}

/** The code that goes with a customer's messages: its own, or else that of the operator, and whose it is. */
export function originCodeOf(own: string | undefined, operator: string | undefined) {
  if (own !== undefined) return { code: own, of: 'customer' } as const
  return operator === undefined ? undefined : ({ code: operator, of: 'operator' } as const)
}

/** The policy of a customer's settings: without any, registered senders only, of which there are none, and the home country. */
export function policyOf(settings: SendingSettings = {}): SendingPolicy {
  const { from = 'registered', senders = [], destinations = [homePrefix], adNight = 'hold' } = settings
  const { prices, originCode, alimtalkProfiles } = settings
  return {
    from,
    senders: senders
      .filter(({ state }) => state === 'active')
      .map(({ number, expiresAt }) => ({ number, ...(expiresAt !== undefined && { expiresAt }) })),
    destinations,
    adNight,
    ...(prices !== undefined && { prices }),
    ...(originCode !== undefined && { originCode }),
    ...(alimtalkProfiles !== undefined && { alimtalkProfiles }),
  }
}

/** Names the content of a policy: the same for the same content. */
export function policyVersion(policy: SendingPolicy): string {
  return hash('sha256', JSON.stringify(policy), 'base64url').slice(0, 16)
}

/**
 * The units of a message: where it may be delivered as one of several types, those of the dearest.
 * @param to E.164
 */
export function unitsOf(prices: Prices | undefined, types: readonly MessageType[], to: string): number {
  if (prices === undefined) return 1
  const matching = prices.destinations.filter(({ prefix }) => to.startsWith(prefix))
  const [nearest] = matching.toSorted((a, b) => b.prefix.length - a.prefix.length)
  return Math.max(...types.map((type) => prices.types[type] ?? 1)) * (nearest?.factor ?? 1)
}
