import type { Environment } from '../../domain/names.ts'
import { countsKeptMs, type HourCounts, hourMs } from '../../domain/usage.ts'
import { keys } from './keys.ts'
import { clockLua, countLua } from './parts.lua.ts'

const dayMs = 24 * hourMs
const minuteMs = 60_000

/** The day of UTC, counted from 1970, in which an hour begins. */
export function filedDay(hour: number): number {
  return Math.floor(hour / dayMs)
}

/** How long a key with the counters of a day is kept from `now` on. */
export function filedMs(day: number, now: number): number {
  return Math.max(1, (day + 1) * dayMs + countsKeptMs - now)
}

/**
 * Moves counters of one day that are not counted in any longer, in one step.
 *
 * KEYS  1 counters, 2 filed counters of the day, 3 usage
 * ARGV  1 for how many ms the filed ones are kept, then the fields to move
 * Answers how many were moved, or -1 if the registry is frozen.
 */
export const fileCountsLua = `
if redis.call('HGET', KEYS[3], 'frozen') == 'all' then return -1 end
local moved = 0
for place = 2, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[place])
  if value then
    redis.call('HINCRBY', KEYS[2], ARGV[place], value)
    redis.call('HDEL', KEYS[1], ARGV[place])
    moved = moved + 1
  end
end
if moved > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[1]) end
return moved
`

/**
 * Counts reports, and notes up to where.
 *
 * KEYS  1 counters, 2 usage
 * ARGV  1 now (ms; '' asks Redis's own clock), 2 up to where they were counted before ('': none), 3 up to where now, then names and
 *       numbers
 * Answers 1, or 0 if others were counted in the meantime, or -1 if the registry is frozen.
 */
export const countReportsLua = `
${clockLua}
${countLua}
if redis.call('HGET', KEYS[2], 'frozen') == 'all' then return -1 end
if (redis.call('HGET', KEYS[1], 'reports') or '') ~= ARGV[2] then return 0 end
local sums = {}
for place = 4, #ARGV, 2 do sums[ARGV[place]] = ARGV[place + 1] end
count(KEYS[1], redis.call('HGET', KEYS[2], 'dayEnd'), sums)
redis.call('HSET', KEYS[1], 'reports', ARGV[3])
return 1
`

/** The hour and the name of a counter's field; `undefined`: it is none. */
export function counterOf(field: string): { readonly hour: number; readonly name: string } | undefined {
  const [, minutes, name] = /^(\d+)\|(.+)$/s.exec(field) ?? []
  return name === undefined ? undefined : { hour: Number(minutes) * minuteMs, name }
}

/** Gateways whose clocks are late may still count in an hour that has just ended. */
const fileAfterMs = 2 * hourMs

/** The day to which a counter of an hour that is over belongs; `undefined`: it stays. */
export function dayToFile(field: string, now: number): number | undefined {
  const counter = counterOf(field)
  return counter === undefined || counter.hour + hourMs + fileAfterMs > now ? undefined : filedDay(counter.hour)
}

export function counterField(hour: number, name: string): string {
  return `${hour / minuteMs}|${name}`
}

/** The keys that hold counters of hours in a span of time, the current ones first. */
export function countsKeys(customer: string, environment: Environment, from: number, until: number): string[] {
  const days = Array.from({ length: Math.max(0, filedDay(until - 1) - filedDay(from) + 1) }, (_, at) => filedDay(from) + at)
  return [keys.counts(customer, environment), ...days.map((day) => keys.filed(customer, environment, day))]
}

/** Counters that are stored in hashes, added up by their hours. */
export function hoursOf(hashes: Iterable<Readonly<Record<string, string>>>, from: number, until: number): HourCounts[] {
  const hours = new Map<number, Record<string, number>>()
  for (const hash of hashes) {
    for (const [field, value] of Object.entries(hash)) {
      const counter = counterOf(field)
      if (counter === undefined || counter.hour < from || counter.hour >= until) continue
      const counts = hours.get(counter.hour) ?? {}
      counts[counter.name] = (counts[counter.name] ?? 0) + Number(value)
      hours.set(counter.hour, counts)
    }
  }
  return [...hours].map(([hour, counts]) => ({ hour, counts })).sort((a, b) => a.hour - b.hour)
}
