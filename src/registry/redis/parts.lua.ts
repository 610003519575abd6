import { messagePeriodMs, messagePeriods } from '../../domain/admission.ts'
import { repayableMs } from '../../domain/settling.ts'
import { hourMs, unknownKind } from '../../domain/usage.ts'

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
 * `entryParts`: an open entry taken apart. It has up to four lines: units, rate cost, time, claim, fingerprint and trace; the ids
 * of its messages; the units of each, where one has more than one; and the kind of each, or one for all. Needs `countLua`.
 */
export const entryPartsLua = `
local function entryParts(entry)
  local head, list, heavy, sorts = string.match(entry, '^([^\\n]*)\\n?([^\\n]*)\\n?([^\\n]*)\\n?(.*)$')
  local taken, cost, at, rest = string.match(head, '^(%d+)|(%d+)|(%d+)|(.*)$')
  local ids, weights = {}, {}
  for id in string.gmatch(list, '[^,]+') do ids[#ids + 1] = id end
  for weight in string.gmatch(heavy, '[^,]+') do weights[#weights + 1] = tonumber(weight) end
  for place = #weights + 1, #ids do weights[place] = 1 end
  return {taken = tonumber(taken), cost = tonumber(cost), at = tonumber(at), rest = rest, ids = ids, weights = weights,
    kinds = listOf(sorts), keyed = string.find(entry, '\\n', 1, true) ~= nil}
end
`

/** Counting by the rules of `domain/usage.ts`: `tally` and `share` add to sums by name, `count` stores them. */
export const countLua = `
local function listOf(text)
  local list = {}
  for one in string.gmatch(text or '', '[^,]+') do list[#list + 1] = one end
  return list
end
local function kindAt(kinds, place) return kinds[place] or kinds[1] or '${unknownKind}' end
local function tally(sums, names, kind, messages, units)
  local m, u = string.sub(names, 1, 1) .. '|' .. kind, string.sub(names, 2, 2) .. '|' .. kind
  if messages > 0 then sums[m] = (sums[m] or 0) + messages end
  if units > 0 then sums[u] = (sums[u] or 0) + units end
end
local function share(sums, names, units, kinds, weights, count, skipped)
  if count == 0 then count = #weights end
  if count == 0 and #kinds > 1 then count = #kinds end
  if count == 0 then return tally(sums, names, kindAt(kinds, 1), units, units) end
  local left = units
  for place = 1, count do
    if left > 0 and not skipped[place] then
      local taken = math.min(tonumber(weights[place] or 1), left)
      tally(sums, names, kindAt(kinds, place), 1, taken)
      left = left - taken
    end
  end
  tally(sums, names, '${unknownKind}', 0, left)
end
local function count(key, dayEnd, sums)
  local hour = string.format('%.0f|', (now - (now - tonumber(dayEnd or '0')) % ${hourMs}) / 60000)
  for name, by in pairs(sums) do redis.call('HINCRBY', key, hour .. name, by) end
end
local function oneKind(kinds)
  for _, kind in ipairs(kinds) do
    if kind ~= kinds[1] then return table.concat(kinds, ',') end
  end
  return kinds[1]
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
