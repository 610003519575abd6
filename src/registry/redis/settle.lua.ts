import { idempotencyMs, leaseMs, messagePeriodMs, messagePeriods, reconcileAfterMs } from '../../domain/admission.ts'

/**
 * Ends a reservation, or renews its lease: the rules of `sqlite/settle.ts`, in one atomic step. What it gives back is
 * what its open entry says that it took, and the entry goes with it: units come back once, whatever the caller claims.
 *
 * KEYS  1 usage, 2 idempotency record (with a claim only), then the set of accepted messages (for an accepted call with message
 *       ids only)
 * ARGV  1 now (ms; '' asks Redis's own clock), 2 'accepted', 'failed', 'abandoned' or 'running', 3 reservation,
 *       4 attempt, 5 fingerprint ('': no claim), 6 response, 7 units to give back of an accepted call, 8 plan ('': none),
 *       9 ids of messages that were not taken, separated by commas, and 10 the period of the set (with message ids only)
 * Answers 1 if this call settled it, or renewed its lease; 0 if it had been settled before or belongs to a later run; -1 if
 * the registry is frozen.
 */
export const settleLua = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
if redis.call('HGET', KEYS[1], 'frozen') == 'all' then return -1 end
local outcome, id, attempt = ARGV[2], ARGV[3], tonumber(ARGV[4])
local claimed = ARGV[5] ~= ''
local record
if claimed then
  record = redis.call('HMGET', KEYS[2], 'response', 'attempt', 'reservation', 'lease')
end
local mine = claimed and not record[1] and record[3] and cjson.decode(record[3])[1] == id

if outcome == 'running' then
  if not mine or tonumber(record[2]) ~= attempt then return 0 end
  redis.call('HSET', KEYS[2], 'lease', now + ${leaseMs})
  return 1
end

local entry = redis.call('HGET', KEYS[1], 'open:' .. id)

-- The entry's messages are no longer open; those of an accepted call are known from now on, without the untaken.
local function closeMessages(set, untaken)
  local ids = string.match(entry, '\\n(.*)$')
  if not ids then return end
  local names, known = {}, {}
  for message in string.gmatch(ids, '[^,]+') do
    names[#names + 1] = 'message:' .. message
    if not untaken[message] then known[#known + 1] = message end
  end
  if #names > 0 then redis.call('HDEL', KEYS[1], unpack(names)) end
  if set and #known > 0 then
    redis.call('SADD', set, unpack(known))
    redis.call('PEXPIRE', set, math.max((tonumber(ARGV[10]) + ${messagePeriods + 1}) * ${messagePeriodMs} - now, 0) + ${5 * 86_400_000})
  end
end

local function giveBack(wanted)
  local taken, cost, at = string.match(entry, '^(%d+)|(%d+)|(%d+)|')
  taken, cost, at = tonumber(taken), tonumber(cost), tonumber(at)
  local back = math.min(wanted or taken, taken)
  local u = redis.call('HMGET', KEYS[1], 'tat', 'dayUsed', 'dayBack', 'daySince', 'monthUsed', 'monthBack', 'monthSince')
  for place = 1, 7 do u[place] = tonumber(u[place] or '0') end
  local inDay, inMonth = 0, 0
  if at >= u[4] then inDay = math.min(back, u[2]) end
  if at >= u[7] then inMonth = math.min(back, u[5]) end
  redis.call('HSET', KEYS[1], 'tat', math.max(0, u[1] - math.floor(cost * back / taken)), 'dayUsed', u[2] - inDay,
    'dayBack', u[3] + inDay, 'monthUsed', u[5] - inMonth, 'monthBack', u[6] + inMonth)
  return at
end

if outcome == 'accepted' then
  local settled = 0
  if entry then
    redis.call('HDEL', KEYS[1], 'open:' .. id)
    local untaken = {}
    for message in string.gmatch(ARGV[9] or '', '[^,]+') do untaken[message] = true end
    closeMessages(KEYS[claimed and 3 or 2], untaken)
    if tonumber(ARGV[7]) > 0 then giveBack(tonumber(ARGV[7])) end
    if not claimed then settled = 1 end
  end
  if not claimed or ARGV[6] == '' or record[1] then return settled end
  redis.call('HDEL', KEYS[2], 'attempt', 'lease', 'reservation')
  redis.call('HSET', KEYS[2], 'fingerprint', ARGV[5], 'response', ARGV[6])
  if ARGV[8] ~= '' then redis.call('HSETNX', KEYS[2], 'plan', ARGV[8]) end
  redis.call('PEXPIRE', KEYS[2], ${idempotencyMs})
  return 1
end

if mine and outcome == 'failed' and tonumber(record[2]) > attempt then return 0 end
if mine and outcome == 'abandoned' and tonumber(record[4]) > now then return 0 end
if not entry then return 0 end
if outcome == 'abandoned' and now - tonumber(string.match(entry, '^%d+|%d+|(%d+)|')) < ${reconcileAfterMs} then return 0 end
redis.call('HDEL', KEYS[1], 'open:' .. id)
closeMessages(nil, {})
giveBack()
if mine then redis.call('DEL', KEYS[2]) end
return 1
`
