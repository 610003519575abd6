import { messagePeriodMs, messagePeriods } from '../../domain/admission.ts'
import { releasedMs, repayableMs } from '../../domain/settling.ts'
import {
  backInWindowsLua,
  clockLua,
  countLua,
  entryPartsLua,
  keepLua,
  knownPeriods,
  returnedPeriods,
  returnOfLua,
} from './parts.lua.ts'

const firstReturned = 3
const firstReleased = firstReturned + returnedPeriods
const firstSet = firstReleased + knownPeriods

/**
 * Gives the units of one message back: the rules of `repaid` in `domain/settling.ts`, in one atomic step.
 *
 * KEYS  1 usage, 2 counters; then of the next period, this one and those before it the hashes of messages whose units were given back, the
 *       hashes of messages whose units a settlement gave back, and the sets of accepted messages; then the record of an
 *       Idempotency-Key (if it was asked for)
 * ARGV  1 now (ms; '' asks Redis's own clock), 2 id, 3 units, 4 when they were taken (ms), 5 the current period,
 *       6 the Idempotency-Key of the record ('': none), 7 the kind of the message ('': not known)
 * Answers 1 if this call gave them back, otherwise 0, or -1 if the registry is frozen; {'period', now} if the period is another;
 * {'claim', key} if it depends on the record of this Idempotency-Key, and the caller asks again with it.
 */
export const giveBackLua = `
${clockLua}
${countLua}
${backInWindowsLua}
${entryPartsLua}
${returnOfLua}
if redis.call('HGET', KEYS[1], 'frozen') == 'all' then return -1 end
local id, units, takenAt, period = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if period ~= math.floor(now / ${messagePeriodMs}) then return {'period', now} end
if now - takenAt >= ${repayableMs} or returnOf(${firstReturned}, id) then return 0 end

local holder = redis.call('HGET', KEYS[1], 'message:' .. id)
local entry = holder and redis.call('HGET', KEYS[1], 'open:' .. holder)
local known = false
for place = ${firstSet + 1}, ${firstSet + messagePeriods + 1} do
  known = known or redis.call('SISMEMBER', KEYS[place], id) == 1
end

if not entry and not known then
  local at, claim = 0, ''
  for place = ${firstReleased}, ${firstSet - 1} do
    local mark = redis.call('HGET', KEYS[place], id)
    if mark then
      local markedAt, key = string.match(mark, '^(%d+)|(.*)$')
      if tonumber(markedAt) > at then at, claim = tonumber(markedAt), key end
    end
  end
  if at > 0 and now - at < ${releasedMs} then
    if claim ~= ARGV[6] then return {'claim', claim} end
    if claim == '' then return 0 end
    local record = redis.call('HMGET', KEYS[#KEYS], 'fingerprint', 'unpaid')
    -- Otherwise a call with the same key was made again, and took the units again.
    if not record[1] or record[2] then return 0 end
  end
end

local kind = ARGV[7] ~= '' and ARGV[7] or nil
if entry then
  local parts = entryParts(entry)
  local ids, weights, left, heavy, kinds = {}, {}, 0, false, {}
  for place, other in ipairs(parts.ids) do
    local weight = parts.weights[place]
    if other == id then
      units = weight
      kind = kindAt(parts.kinds, place)
    else
      ids[#ids + 1] = other
      kinds[#ids] = kindAt(parts.kinds, place)
      weights[#weights + 1] = string.format('%.0f', weight)
      heavy = heavy or weight ~= 1
    end
  end
  left = math.max(0, parts.taken - units)
  takenAt = parts.at
  redis.call('HDEL', KEYS[1], 'message:' .. id)
  if #ids == 0 then redis.call('HDEL', KEYS[1], 'open:' .. holder)
  else
    local cost = 0
    if parts.taken > 0 then cost = math.ceil(parts.cost * left / parts.taken) end
    local text = string.format('%.0f|%.0f|%.0f|', left, cost, parts.at) .. parts.rest .. '\\n' .. table.concat(ids, ',')
    if heavy or #parts.kinds > 0 then text = text .. '\\n' .. (heavy and table.concat(weights, ',') or '') end
    if #parts.kinds > 0 then text = text .. '\\n' .. oneKind(kinds) end
    redis.call('HSET', KEYS[1], 'open:' .. holder, text)
  end
  -- Known from now on, so that a repeated call takes nothing.
  local back = period + 1 - math.floor(parts.at / ${messagePeriodMs})
  if back >= 0 and back < ${knownPeriods} then
    redis.call('SADD', KEYS[${firstSet} + back], id)
    redis.call('PEXPIRE', KEYS[${firstSet} + back], ${keepLua('period + 1 - back', messagePeriods)})
  end
end
local sums = {}
tally(sums, 'gh', kind or kindAt({}, 1), 1, units)
count(KEYS[2], redis.call('HGET', KEYS[1], 'dayEnd'), sums)
backInWindows(KEYS[1], takenAt, units)
local mark = string.format('%.0f|%.0f|%.0f', math.max(now, tonumber(ARGV[4])) + ${repayableMs}, tonumber(ARGV[3]), now)
redis.call('HSET', KEYS[${firstReturned + 1}], id, mark)
redis.call('PEXPIRE', KEYS[${firstReturned + 1}], ${keepLua('period', returnedPeriods)})
return 1
`
