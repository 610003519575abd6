import { isProfile } from '../../domain/alimtalk.ts'
import { isDisplayable } from '../../domain/names.ts'
import { apigw } from '../../domain/next-step.ts'
import { nationalNumber, phoneNumber } from '../../domain/phone.ts'
import { checkedPrices, destinationPrefix } from '../../domain/price-classes.ts'
import { Problem } from '../../domain/problem.ts'
import { checkOriginCode, type Prices, type Sender, type SendingSettings } from '../../domain/sending.ts'
import type { Profile } from '../registry.ts'
import type { ProfileChange, SenderChange, SendingChange } from './change.ts'

/** The policy of a customer is read with each change of it, and a profile has to fit into one item of DynamoDB. */
export const maxSenders = 1_000
const maxDestinations = 300
const maxProfiles = 100
const maxDocument = 200

type Of<Kind extends ProfileChange['kind']> = Extract<ProfileChange, { kind: Kind }>
type OfSender = Of<'addSender' | 'setSender' | 'removeSender'>

/** @throws Problem `sender-invalid` */
export function senderNumber(text: string): string {
  const number = phoneNumber(text, 'sender')
  if (number !== undefined) return number
  throw new Problem('sender-invalid', `"${text}" cannot be a sender.`, {
    next: 'use a number such as 02-123-4567, 010-1234-5678 or 1588-1234, or E.164 for another country',
  })
}

/** Where the proof of ownership is kept. @throws Problem `input-invalid` */
export function checkedReference(text: string): string {
  const document = text.trim()
  if (document !== '' && document.length <= maxDocument && isDisplayable(document)) return document
  throw new Problem('input-invalid', `A document reference has 1 to ${maxDocument} visible characters.`)
}

function changedSender(before: Sender, { state, document, expiresAt }: SenderChange): Sender {
  const { document: oldDocument, expiresAt: oldEnd, ...rest } = before
  const reference = document === undefined ? oldDocument : document === null ? undefined : checkedReference(document)
  const end = expiresAt === undefined ? oldEnd : (expiresAt ?? undefined)
  return {
    ...rest,
    ...(state !== undefined && { state }),
    ...(reference !== undefined && { document: reference }),
    ...(end !== undefined && { expiresAt: end }),
  }
}

function newSender(text: string, change: SenderChange, now: number): Sender {
  const sender = changedSender({ number: senderNumber(text), state: 'active', addedAt: now }, change)
  if (sender.expiresAt === undefined || sender.expiresAt > now) return sender
  throw new Problem('sender-invalid', 'The sender would have expired already.', { next: 'give --expires a time to come' })
}

/** Senders of a new customer, each once. @throws Problem `sender-invalid` */
export function newSenders(texts: readonly string[], now: number): Sender[] {
  return [...new Map(texts.map((text) => newSender(text, {}, now)).map((sender) => [sender.number, sender])).values()]
}

function unknownSender(customer: string, number: string): Problem {
  return new Problem('sender-unknown', `"${customer}" has no sender ${nationalNumber(number)}.`, {
    next: apigw('sender list', customer),
  })
}

/** The senders after a change, and its words in the audit log. */
function sendersAfter(change: OfSender, before: readonly Sender[], now: number): { senders: readonly Sender[]; what: string } {
  const number = senderNumber(change.number)
  const known = before.find((sender) => sender.number === number)
  const others = before.filter((sender) => sender.number !== number)
  if (change.kind === 'addSender') {
    if (known !== undefined) {
      throw new Problem('sender-exists', `"${change.customer}" has the sender ${nationalNumber(number)} already.`, {
        next: apigw('sender set', change.customer, nationalNumber(number)),
      })
    }
    if (before.length >= maxSenders) throw new Problem('sender-invalid', `A customer has at most ${maxSenders} senders.`)
    const sender = newSender(number, change.sender, now)
    return { senders: [...before, sender], what: `sender ${number} added (${sender.state})` }
  }
  if (known === undefined) throw unknownSender(change.customer, number)
  if (change.kind === 'removeSender') return { senders: others, what: `sender ${number} removed` }
  const after = changedSender(known, change.sender)
  return { senders: before.map((one) => (one === known ? after : one)), what: `sender ${number}: ${senderWords(change.sender)}` }
}

function senderWords({ state, document, expiresAt }: SenderChange): string {
  const end = expiresAt === null ? 'never' : expiresAt === undefined ? undefined : new Date(expiresAt).toISOString()
  const words = { state, document: document === null ? 'none' : document, expires: end }
  return Object.entries(words)
    .flatMap(([field, value]) => (value === undefined ? [] : [`${field} ${value}`]))
    .join(', ')
}

/** Prices in a few words: `lms=3, +1=5`. */
export function pricesWords({ types, destinations }: Prices): string {
  const parts = [
    ...Object.entries(types).map(([type, units]) => `${type}=${units}`),
    ...destinations.map(({ prefix, factor }) => `${prefix}=${factor}`),
  ]
  return parts.length === 0 ? '1 unit a message' : parts.join(', ')
}

/** Kakao channels, each once. @throws Problem `input-invalid` */
function checkedProfiles(given: readonly string[]): readonly string[] {
  const profiles = [...new Set(given.map((profile) => profile.normalize('NFC')))]
  if (profiles.length === 0 || profiles.length > maxProfiles) {
    throw new Problem('input-invalid', `A customer has 1 to ${maxProfiles} Kakao channels.`)
  }
  const wrong = profiles.find((profile) => !isProfile(profile))
  if (wrong === undefined) return profiles
  throw new Problem('input-invalid', `"${wrong}" is not a Kakao channel.`, {
    next: 'use its sender key, or its name such as @gana-mall',
  })
}

/** @throws Problem `input-invalid` */
function checkedSending(change: SendingChange): SendingChange {
  const { destinations, originCode, prices } = change
  if (destinations) {
    if (destinations.length === 0 || destinations.length > maxDestinations) {
      throw new Problem('input-invalid', `A customer has 1 to ${maxDestinations} destinations.`)
    }
    for (const prefix of destinations) destinationPrefix(prefix)
  }
  if (originCode) checkOriginCode(originCode)
  if (prices) checkedPrices(prices)
  return change.alimtalkProfiles ? { ...change, alimtalkProfiles: checkedProfiles(change.alimtalkProfiles) } : change
}

function valueWords(value: SendingChange[keyof SendingChange]): string {
  if (value === null || value === undefined) return 'default'
  if (typeof value === 'string') return value
  return 'name' in value ? value.name : value.join(' ')
}

const fieldWords: Readonly<Record<keyof SendingChange, string>> = {
  from: 'senders',
  destinations: 'destinations',
  adNight: 'advertising at night',
  prices: 'price class',
  originCode: 'origin code',
  alimtalkProfiles: 'Kakao channels',
}

function sendingWords(change: SendingChange): string {
  const fields = Object.keys(fieldWords) as (keyof SendingChange)[]
  return fields
    .flatMap((field) => (change[field] === undefined ? [] : [`${fieldWords[field]} ${valueWords(change[field])}`]))
    .join(', ')
}

/**
 * What a customer may send after a change, and its words in the audit log.
 * @throws Problem `input-invalid`
 */
export function sendingAfter(
  before: SendingSettings | undefined,
  change: SendingChange,
): { readonly sending: SendingSettings; readonly what: string } {
  const kept = Object.entries({ ...before, ...checkedSending(change) }).filter(([, value]) => value !== null)
  return { sending: Object.fromEntries(kept), what: sendingWords(change) }
}

/**
 * A profile after a change of one sender, and the line of the audit log.
 * @throws Problem `sender-invalid`, `sender-exists`, `sender-unknown`, `input-invalid`
 */
export function sendersApplied(change: OfSender, before: Profile, now: number): { profile: Profile; what: string } {
  const { senders, what } = sendersAfter(change, before.sending?.senders ?? [], now)
  return { profile: { ...before, sending: { ...before.sending, senders } }, what }
}
