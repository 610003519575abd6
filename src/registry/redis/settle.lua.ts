import { idempotencyMs, leaseMs, messagePeriods, reconcileAfterMs } from '../../domain/admission.ts'
import { backInWindowsLua, clockLua, countLua, entryPartsLua, keepLua, returnedPeriods, returnOfLua } from './parts.lua.ts'

/**
 * Ends a reservation, or renews its lease: the rules of `sqlite/settle.ts` and `domain/settling.ts`, in one atomic step. What it
 * gives back is what its open entry says that it took, and the entry goes with it: units come back once, whatever the caller claims.
 *
 * KEYS  1 usage, 2 counters, 3 idempotency record (with a claim only), then the set of accepted messages (for an accepted call with message
 *       ids only), then (where units of named messages can come back) of the next period, this one and those before it the hashes
 *       of messages whose units were given back, and the hash of those that a settlement gave back in this period
 * ARGV  1 now (ms; '' asks Redis's own clock), 2 'accepted', 'failed', 'abandoned' or 'running', 3 reservation,
 *       4 attempt, 5 fingerprint ('': no claim), 6 response, 7 units to give back of an accepted call, 8 plan ('': none),
 *       9 ids of messages that were not taken, separated by commas, 10 the period of the set, 11 the current one ('': no such hashes),
 *       12 key of the claim, 13 the kinds of the messages that were not taken, separated by commas, or one kind for all, 14 the units of each
 * Answers 1 if this call settled it, or renewed its lease; 0 if it had been settled before or belongs to a later run; -1 if
 * the registry is frozen.
 */
export const settleLua = `
${clockLua}
${countLua}
${backInWindowsLua}
${entryPartsLua}
${returnOfLua}
if redis.call('HGET', KEYS[1], 'frozen') == 'all' then return -1 end
local outcome, id, attempt = ARGV[2], ARGV[3], tonumber(ARGV[4])
local claimed = ARGV[5] ~= ''
local record
if claimed then
  record = redis.call('HMGET', KEYS[3], 'response', 'attempt', 'reservation', 'lease')
end
local mine = claimed and not record[1] and record[3] and cjson.decode(record[3])[1] == id

if outcome == 'running' then
  if not mine or tonumber(record[2]) ~= attempt then return 0 end
  redis.call('HSET', KEYS[3], 'lease', now + ${leaseMs})
  return 1
end

local entry = redis.call('HGET', KEYS[1], 'open:' .. id)

-- Ends the entry. Of messages with keys of their own, those that were not taken are no longer open, and new again; the others are
-- known from now on. It is remembered of which messages the units came back.
local function close(nothing, again)
  local parts = entryParts(entry)
  local untaken, released, sums, skipped = {}, {}, {}, {}
  for message in string.gmatch(ARGV[9] or '', '[^,]+') do
    untaken[message] = true
    released[#released + 1] = message
  end
  local units = tonumber(ARGV[7])
  if parts.keyed then
    units, released = 0, {}
    local names, known = {}, {}
    for place, message in ipairs(parts.ids) do
      names[place] = 'message:' .. message
      if nothing or untaken[message] then
        units = units + parts.weights[place]
        tally(sums, 'bv', kindAt(parts.kinds, place), 1, parts.weights[place])
        released[#released + 1] = message
      else known[#known + 1] = message end
    end
    if #names > 0 then redis.call('HDEL', KEYS[1], unpack(names)) end
    local set = ARGV[10] ~= '' and outcome == 'accepted' and KEYS[claimed and 4 or 3]
    if set and #known > 0 then
      redis.call('SADD', set, unpack(known))
      redis.call('PEXPIRE', set, ${keepLua('tonumber(ARGV[10])', messagePeriods)})
    end
    again = ''
  end
  if nothing then units = parts.taken end
  local back = math.min(units, parts.taken)
  if not parts.keyed and ARGV[11] ~= '' then
    for place, message in ipairs(released) do
      local before = returnOf(#KEYS - ${returnedPeriods}, message)
      if before and before.at >= parts.at then
        back = math.max(0, back - before.units)
        skipped[place] = true
      end
    end
  end
  redis.call('HDEL', KEYS[1], 'open:' .. id)
  if back == 0 then return end
  if not parts.keyed then share(sums, 'bv', back, listOf(ARGV[13]), listOf(ARGV[14]), #released, skipped) end
  count(KEYS[2], redis.call('HGET', KEYS[1], 'dayEnd'), sums)
  local tat = tonumber(redis.call('HGET', KEYS[1], 'tat') or '0')
  redis.call('HSET', KEYS[1], 'tat', math.max(0, tat - math.floor(parts.cost * back / parts.taken)))
  backInWindows(KEYS[1], parts.at, back)
  if #released == 0 or ARGV[11] == '' then return end
  local marks = {}
  for _, message in ipairs(released) do
    marks[#marks + 1] = message
    marks[#marks + 1] = string.format('%.0f|', now) .. again
  end
  redis.call('HSET', KEYS[#KEYS], unpack(marks))
  redis.call('PEXPIRE', KEYS[#KEYS], ${keepLua('tonumber(ARGV[11])', messagePeriods)})
end

if outcome == 'accepted' then
  local settled = 0
  if entry then
    close(false, '')
    if not claimed then settled = 1 end
  end
  if not claimed or ARGV[6] == '' or record[1] then return settled end
  redis.call('HDEL', KEYS[3], 'attempt', 'lease', 'reservation')
  redis.call('HSET', KEYS[3], 'fingerprint', ARGV[5], 'response', ARGV[6])
  -- Answered after its units had come back: no call has them.
  if not entry and not record[3] then redis.call('HSET', KEYS[3], 'unpaid', 1) end
  if ARGV[8] ~= '' then redis.call('HSETNX', KEYS[3], 'plan', ARGV[8]) end
  redis.call('PEXPIRE', KEYS[3], ${idempotencyMs})
  return 1
end

if mine and outcome == 'failed' and tonumber(record[2]) > attempt then return 0 end
if mine and outcome == 'abandoned' and tonumber(record[4]) > now then return 0 end
if not entry then return 0 end
if outcome == 'abandoned' and now - tonumber(string.match(entry, '^%d+|%d+|(%d+)|')) < ${reconcileAfterMs} then return 0 end
-- A record that stays answers for this call, so its messages are not asked for again.
local isGone = claimed and (mine or not (record[1] or record[3]))
close(true, isGone and ARGV[12] or '')
if mine then redis.call('DEL', KEYS[3]) end
return 1
`
