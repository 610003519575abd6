import { purposes } from '../../domain/message.ts'
import { statuses } from '../../domain/report.ts'
import { kindOf as countedAs } from '../../domain/usage.ts'
import { type Item, number, text } from './dynamodb.ts'
import type { MessageFacts, MessageRecord, Owner, Standing } from './ledger.ts'

const keptDays = 30
const daySeconds = 86_400

/** What the note of a held message says. */
export interface Held {
  /** When it is due, in milliseconds since 1970. */
  readonly until: number
  readonly units: number
  readonly acceptedAt: number
  /** What it is, as it is counted; absent: an older version noted it. */
  readonly kind?: string
}

/** Seconds since 1970 until which something about a message is kept. */
export function keptUntil(now: number, until = 0): number {
  return Math.floor(Math.max(now, until) / 1000) + keptDays * daySeconds
}

/** @returns `undefined`: it is not the note of a held message */
export function heldOf(item: Item): Held | undefined {
  const until = number(item, 'held')
  if (until === undefined) return undefined
  const kind = countedKind(item)
  return {
    until,
    units: number(item, 'units') ?? 1,
    acceptedAt: number(item, 'acceptedAt') ?? 0,
    ...(kind !== undefined && { kind }),
  }
}

/** What the message of a note is, as it is counted; `undefined`: an older version noted it. */
export function countedKind(item: Item | undefined): string | undefined {
  const [type, destination] = [text(item, 'type'), text(item, 'destination')]
  return type === undefined || destination === undefined ? undefined : countedAs('messages', type, destination)
}

/** The partition of an owner's notes: `ID#0` of the worker, `ID#1` of the outcome, or of what was decided, `ID#2` of the page that it was counted in, `ID#3` of its erasure. */
export function messagesOf({ customer, environment }: Owner): string {
  return `m#${customer}#${environment}`
}

export function kindOf(item: Item): string {
  return text(item, 'sk')?.slice(-1) ?? ''
}

function factItems({ acceptedAt, type, purpose, units, sendAt, queue, destination }: MessageFacts): Item {
  return {
    ...(acceptedAt !== undefined && { acceptedAt: { N: String(acceptedAt) } }),
    ...(type !== undefined && { type: { S: type } }),
    ...(purpose !== undefined && { purpose: { S: purpose } }),
    ...(units !== undefined && { units: { N: String(units) } }),
    ...(sendAt !== undefined && { sendAt: { N: String(sendAt) } }),
    ...(queue !== undefined && { queue: { S: queue } }),
    ...(destination !== undefined && { destination: { S: destination } }),
  }
}

function factsOf(item: Item | undefined): MessageFacts {
  const type = text(item, 'type')
  const purpose = purposes.find((known) => known === text(item, 'purpose'))
  const queue = text(item, 'queue')
  const [acceptedAt, units, sendAt] = ['acceptedAt', 'units', 'sendAt'].map((name) => number(item, name))
  return {
    ...(acceptedAt !== undefined && { acceptedAt }),
    ...(type !== undefined && { type }),
    ...(purpose !== undefined && { purpose }),
    ...(units !== undefined && { units }),
    ...(sendAt !== undefined && { sendAt }),
    ...(queue !== undefined && { queue }),
  }
}

export function standingOf(item: Item): Standing | undefined {
  const id = text(item, 'sk')?.slice(0, -2)
  const stored = statuses.find((known) => known === text(item, 'status'))
  const status = stored === 'queued' && heldOf(item) !== undefined ? 'scheduled' : stored
  if (id === undefined || status === undefined) return undefined
  const ref = text(item, 'ref')
  const code = text(item, 'code')
  const channel = text(item, 'channel')
  const callback = text(item, 'callback')
  return {
    id,
    status,
    at: number(item, 'at') ?? 0,
    ...(ref !== undefined && { ref }),
    ...(code !== undefined && { code }),
    ...(channel !== undefined && { channel }),
    ...(callback !== undefined && { callback }),
  }
}

/** @param ttl in seconds since 1970 */
export function noteItem(
  owner: Owner,
  kind: '0' | '1',
  { id, status, ref, code, channel, callback, at }: Standing,
  ttl: number,
  facts: MessageFacts = {},
): Item {
  return {
    pk: { S: messagesOf(owner) },
    sk: { S: `${id}#${kind}` },
    status: { S: status },
    at: { N: String(at) },
    ttl: { N: String(ttl) },
    ...(ref !== undefined && { ref: { S: ref } }),
    ...(code !== undefined && code !== '' && { code: { S: code } }),
    ...(channel !== undefined && { channel: { S: channel } }),
    ...(callback !== undefined && { callback: { S: callback } }),
    ...factItems(facts),
  }
}

/** That a message was erased, kept as long as its entry would have been. @param at milliseconds since 1970 */
export function erasedItem(owner: Owner, { id, ttl }: { readonly id: string; readonly ttl: number }, at: number): Item {
  return { pk: { S: messagesOf(owner) }, sk: { S: `${id}#3` }, at: { N: String(at) }, ttl: { N: String(ttl) } }
}

/** All that the notes of one message say; `undefined`: there are none. */
export function recordOf(id: string, items: readonly Item[]): MessageRecord | undefined {
  const [note, end, erased] = ['0', '1', '3'].map((kind) => items.find((item) => kindOf(item) === kind))
  const decided = end && standingOf(end)
  // A message that was held and released is with its carrier: that is not how it ended.
  const isReleased = decided?.status === 'queued'
  const noted = isReleased ? decided : note && standingOf(note)
  const outcome = isReleased ? undefined : decided
  if (noted === undefined && outcome === undefined) return undefined
  const ref = outcome?.ref ?? noted?.ref
  const callback = outcome?.callback ?? noted?.callback
  const erasedAt = number(erased, 'at')
  return {
    id,
    ...(erasedAt !== undefined && { erasedAt }),
    ...(ref !== undefined && { ref }),
    ...(callback !== undefined && { callback }),
    facts: factsOf(note),
    ...(noted !== undefined && { noted }),
    ...(outcome !== undefined && { outcome }),
  }
}
