import type { Environment } from '../../domain/names.ts'
import { countsKeptMs, dayName, type HourCounts, hourMs } from '../../domain/usage.ts'
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
 * Adds filed counters of the hours of one day to its first hour, in one step.
 *
 * KEYS  1 usage, then the filed counters of the days of UTC that the day touches, the one with its first hour first
 * ARGV  1 first minute of the day, 2 minute of its end, 3 for how many ms the first key is kept
 * Answers how many hours were added, or -1 if the registry is frozen.
 */
export const rollCountsLua = `
if redis.call('HGET', KEYS[1], 'frozen') == 'all' then return -1 end
local first, last = tonumber(ARGV[1]), tonumber(ARGV[2])
local rolled = 0
for key = 2, #KEYS do
  local hash = redis.call('HGETALL', KEYS[key])
  local isDay, isRolled = {}, {}
  for at = 1, #hash, 2 do
    local minutes, name = string.match(hash[at], '^(%d+)|(.+)$')
    if name == '${dayName}' then isDay[minutes] = true end
  end
  for at = 1, #hash, 2 do
    local minutes, name = string.match(hash[at], '^(%d+)|(.+)$')
    if name and not isDay[minutes] and tonumber(minutes) > first and tonumber(minutes) < last then
      redis.call('HINCRBY', KEYS[2], ARGV[1] .. '|' .. name, hash[at + 1])
      redis.call('HDEL', KEYS[key], hash[at])
      if not isRolled[minutes] then rolled = rolled + 1 end
      isRolled[minutes] = true
    end
  end
end
if rolled > 0 then
  redis.call('HINCRBY', KEYS[2], ARGV[1] .. '|${dayName}', rolled)
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return rolled
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

/** The first minute of a day, and that of its end. */
export function rolledMinutes(start: number, end: number): readonly [number, number] {
  return [start / minuteMs, end / minuteMs]
}

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
