import { messagePeriodMs, messagePeriods } from '../../domain/admission.ts'
import { repayableMs } from '../../domain/settling.ts'

/** Parts of scripts in Lua. */

/** Periods that a script reads of what is known for `messagePeriods`: the next one too, for a clock that was set back. */
export const knownPeriods = messagePeriods + 2
/** The same of units that were given back. */
export const returnedPeriods = repayableMs / messagePeriodMs + 2

/** `now`: the instant that the caller sent, or Redis's own clock. */
export const clockLua = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
`

/** `backInWindows`: units that were taken at an instant go back to the day and the month in which they were taken. */
export const backInWindowsLua = `
local function backInWindows(usage, at, back)
  local u = redis.call('HMGET', usage, 'dayUsed', 'dayBack', 'daySince', 'monthUsed', 'monthBack', 'monthSince')
  for place = 1, 6 do u[place] = tonumber(u[place] or '0') end
  local inDay, inMonth = 0, 0
  if at >= u[3] then inDay = math.min(back, u[1]) end
  if at >= u[6] then inMonth = math.min(back, u[4]) end
  redis.call('HSET', usage, 'dayUsed', u[1] - inDay, 'dayBack', u[2] + inDay,
    'monthUsed', u[4] - inMonth, 'monthBack', u[5] + inMonth)
end
`

/**
 * `entryParts`: an open entry taken apart. It has up to three lines: units, rate cost, time, claim, fingerprint and trace; the ids
 * of its messages; and the units of each, where one has more than one.
 */
export const entryPartsLua = `
local function entryParts(entry)
  local head, list, heavy = string.match(entry, '^([^\\n]*)\\n?([^\\n]*)\\n?(.*)$')
  local taken, cost, at, rest = string.match(head, '^(%d+)|(%d+)|(%d+)|(.*)$')
  local ids, weights = {}, {}
  for id in string.gmatch(list, '[^,]+') do ids[#ids + 1] = id end
  for weight in string.gmatch(heavy, '[^,]+') do weights[#weights + 1] = tonumber(weight) end
  for place = #weights + 1, #ids do weights[place] = 1 end
  return {taken = tonumber(taken), cost = tonumber(cost), at = tonumber(at), rest = rest, ids = ids, weights = weights,
    keyed = string.find(entry, '\\n', 1, true) ~= nil}
end
`

/** `returnOf`: the units of a message that were given back, and when; nil: they were not. */
export const returnOfLua = `
local function returnOf(first, id)
  for place = first, first + ${returnedPeriods - 1} do
    local mark = redis.call('HGET', KEYS[place], id)
    if mark then
      local untilWhen, units, at = string.match(mark, '^(%d+)|(%d+)|(%d+)$')
      if tonumber(untilWhen) > now then return {units = tonumber(units), at = tonumber(at)} end
    end
  end
end
`

/** How long a key with messages is kept after it is last read: Redis frees what expires in the foreground. */
const graceMs = 5 * 86_400_000

/** How long a key of a period that is known for `periods` after it is kept. */
export function keepLua(period: string, periods: number): string {
  return `math.max((${period} + ${periods + 1}) * ${messagePeriodMs} - now, 0) + ${graceMs}`
}

/** The same outside of a script. */
export function keptMs(period: number, periods: number, now: number): number {
  return Math.max((period + periods + 1) * messagePeriodMs - now, 0) + graceMs
}
