import { nationalNumber } from '../domain/phone.ts'
import type { Prices, Sender, SendingPolicy } from '../domain/sending.ts'
import { senderState } from '../operations/customers/index.ts'
import { iso, plain, table } from './output.ts'

export function senderJson(sender: Sender, now: number) {
  const { number, document, expiresAt, addedAt } = sender
  return {
    number,
    national: nationalNumber(number),
    state: senderState(sender, now),
    document: document ?? null,
    addedAt: iso(addedAt),
    expiresAt: iso(expiresAt),
  }
}

export function senderText(sender: Sender, now: number): string {
  const end = sender.expiresAt === undefined ? '' : `, expires ${iso(sender.expiresAt)}`
  return `sender ${nationalNumber(sender.number)} is ${senderState(sender, now)}${end}`
}

export function sendersText(senders: readonly Sender[], now: number): string {
  return table(
    ['sender', 'state', 'expires', 'document'],
    senders.map((sender) => [
      nationalNumber(sender.number),
      senderState(sender, now),
      iso(sender.expiresAt) ?? 'never',
      plain(sender.document ?? ''),
    ]),
  )
}

export function pricesJson({ name, types, destinations }: Prices) {
  return { name, types, destinations }
}

/** Units of a price class in words. */
export function pricesText({ types, destinations }: Prices): string {
  const parts = [
    ...Object.entries(types).map(([type, units]) => `${type} ${units}`),
    ...destinations.map(({ prefix, factor }) => `${prefix} × ${factor}`),
  ]
  return parts.length === 0 ? 'one unit per message' : parts.join(', ')
}

/** What a customer may send, for `--json`. */
export function sendingJson({ from, destinations, adNight, prices, originCode, alimtalkProfiles = [] }: SendingPolicy) {
  return {
    senders: from,
    destinations,
    adNight,
    originCode: originCode ?? null,
    alimtalkProfiles,
    priceClass: prices === undefined ? null : pricesJson(prices),
  }
}

const nightWords = { hold: 'held until 08:00', refuse: 'refused', consent: 'sent (separate consent)' } as const

/** What a customer may send now, as facts. */
export function sendingFacts(policy: SendingPolicy, now: number): [string, string][] {
  const { from, senders, destinations, adNight, prices, originCode, alimtalkProfiles = [] } = policy
  const usable = senders.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > now)
  const numbers = usable.map(({ number }) => nationalNumber(number))
  const shown = numbers.length > 5 ? `${numbers.slice(0, 5).join(', ')} and ${numbers.length - 5} more` : numbers.join(', ')
  return [
    ['senders', from === 'any' ? 'any number' : shown || 'none: live messages are refused'],
    ['destinations', destinations.join(' ')],
    ['ads at night', nightWords[adNight]],
    ...(originCode === undefined ? [] : [['origin code', plain(originCode)] as [string, string]]),
    ...(alimtalkProfiles.length === 0 ? [] : [['alimtalk as', plain(alimtalkProfiles.join(', '))] as [string, string]]),
    ...(prices === undefined ? [] : [['price class', `${prices.name}: ${pricesText(prices)}`] as [string, string]]),
  ]
}
