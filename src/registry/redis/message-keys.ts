import { messagePeriodOf, messagePeriods } from '../../domain/admission.ts'
import { releasedMs } from '../../domain/settling.ts'
import type { EntryOf } from '../copy/entries.ts'
import { unknownEntry } from '../copy/store.ts'
import type { Connection } from './connect.ts'
import { keys } from './keys.ts'
import { keptMs, returnedPeriods } from './parts.lua.ts'
import type { Place } from './places.ts'

/** A key that says something of messages of one period. */
export type MessagePlace = Extract<Place, { kind: 'messages' | 'returned' | 'released' }>
type MessageEntry = EntryOf<'message' | 'returned' | 'released'>

const scanCount = 1_000

export function isMessagePlace(place: Place): place is MessagePlace {
  return place.kind === 'messages' || place.kind === 'returned' || place.kind === 'released'
}

/** What is read from, and how its failures are named. */
interface Source {
  readonly redis: Connection
  readonly address: string
  /** The store's clock, in milliseconds since 1970. */
  readonly now: number
  ask<T>(command: () => Promise<T>): Promise<T>
}

/**
 * What one kind of keys says of one customer's messages. After a clock was set back, a message can be in two of them: the newer
 * counts.
 */
export async function* messageEntries(source: Source, places: readonly MessagePlace[]): AsyncGenerator<MessageEntry[]> {
  const { redis, ask } = source
  const newestFirst = places.toSorted((a, b) => b.period - a.period)
  for (const [at, place] of newestFirst.entries()) {
    const newer = newestFirst.slice(0, at)
    const seen = new Set<string>()
    let cursor = '0'
    do {
      const from = cursor
      const { next, found } = await ask(() => scanned(redis, place, from))
      cursor = next
      const fresh = [...found].filter(([id]) => !seen.has(id) && seen.add(id))
      const ids = fresh.map(([id]) => id)
      const elsewhere = await ask(() => Promise.all(newer.map((one) => holds(redis, one, ids))))
      const mine = fresh.filter((_, which) => !elsewhere.some((held) => held[which]))
      const entries = mine.flatMap(([id, mark]) => entryFrom(source, place, id, mark))
      if (entries.length > 0) yield entries
    } while (cursor !== '0')
  }
}

/** Some of the messages of a key, with what is stored of each. */
async function scanned(redis: Connection, { kind, key }: MessagePlace, cursor: string) {
  if (kind === 'messages') {
    const [next, members] = await redis.sscan(key, cursor, 'COUNT', scanCount)
    return { next, found: new Map(members.map((id) => [id, ''])) }
  }
  const [next, fields] = await redis.hscan(key, cursor, 'COUNT', scanCount)
  const found = new Map<string, string>()
  for (let at = 0; at < fields.length; at += 2) found.set(fields[at] ?? '', fields[at + 1] ?? '')
  return { next, found }
}

async function holds(redis: Connection, { kind, key }: MessagePlace, ids: readonly string[]): Promise<boolean[]> {
  // Redis refuses a command without any member.
  if (kind === 'messages') return (await redis.smismember(key, ...ids, '')).map((is) => is === 1)
  return (await redis.hmget(key, ...ids, '')).map((mark) => mark !== null)
}

/** @returns nothing for what is no longer remembered */
function entryFrom({ address, now }: Source, place: MessagePlace, id: string, mark: string): MessageEntry[] {
  const { kind, customer, environment, period } = place
  const whose = { customer, environment, id }
  if (kind === 'messages') return [{ kind: 'message', ...whose, period }]
  const pattern = kind === 'returned' ? /^(\d+)\|(\d+)\|(\d+)$/ : /^(\d+)\|(.*)$/s
  const parts = pattern.exec(mark)
  if (parts === null) throw unknownEntry(address, `"${mark}" in the key "${place.key}"`)
  if (kind === 'returned') {
    const [until = 0, units = 0, at = 0] = parts.slice(1).map(Number)
    return until <= now ? [] : [{ kind, ...whose, units, at, until }]
  }
  const [at, again = ''] = [Number(parts[1]), parts[2]]
  return at + releasedMs <= now ? [] : [{ kind, ...whose, at, ...(again !== '' && { again }) }]
}

/** Writes an entry under the period in which the scripts would have. */
export async function writeMessage(redis: Connection, entry: MessageEntry, now: number): Promise<void> {
  const { customer, environment, id } = entry
  if (entry.kind === 'message') {
    const key = keys.messages(customer, environment, entry.period)
    await redis.sadd(key, id)
    await redis.pexpire(key, keptMs(entry.period, messagePeriods, now))
    return
  }
  const period = messagePeriodOf(entry.at)
  const isReturned = entry.kind === 'returned'
  const key = isReturned ? keys.returned(customer, environment, period) : keys.released(customer, environment, period)
  const mark = isReturned ? `${entry.until}|${entry.units}|${entry.at}` : `${entry.at}|${entry.again ?? ''}`
  await redis.hset(key, id, mark)
  await redis.pexpire(key, keptMs(period, isReturned ? returnedPeriods : messagePeriods, now))
}
