/**
 * Ends a reservation: the rules of `SqliteRegistry.settle`, in one atomic step.
 *
 * KEYS  1 usage, 2 idempotency record (always named, touched only with a claim), 3 refund mark
 * ARGV  1 now (ms; '' asks Redis's own clock), 2 'accepted' or 'failed', 3 reservation (JSON array: id, units, day,
 *       month, rate cost, admitted at), 4 attempt, 5 fingerprint ('': no claim), 6 response, 7 refundable ms,
 *       8 idempotency ms, 9 units to give back of an accepted call
 * Answers 1 if this call settled it, 0 if it had been settled or was too late.
 */
export const settleLua = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local reservation = cjson.decode(ARGV[3])
local id, units, day, month = reservation[1], tonumber(reservation[2]), reservation[3], reservation[4]
local rateCost, admittedAt = tonumber(reservation[5]), tonumber(reservation[6])
local claimed = ARGV[5] ~= ''
local record
if claimed then record = redis.call('HMGET', KEYS[2], 'response', 'attempt', 'reservation') end

local function whole(number) return string.format('%.0f', number) end

local function giveBack(units, rateCost)
  if now - admittedAt > tonumber(ARGV[7]) then return 0 end
  if not redis.call('SET', KEYS[3], '1', 'NX', 'PX', 2 * tonumber(ARGV[7])) then return 0 end
  local u = redis.call('HMGET', KEYS[1], 'tat', 'day', 'dayUsed', 'month', 'monthUsed')
  if u[1] then
    redis.call('HSET', KEYS[1], 'tat', whole(math.max(0, tonumber(u[1]) - rateCost)))
    if u[2] == day then redis.call('HSET', KEYS[1], 'dayUsed', whole(math.max(0, tonumber(u[3]) - units))) end
    if u[4] == month then redis.call('HSET', KEYS[1], 'monthUsed', whole(math.max(0, tonumber(u[5]) - units))) end
  end
  return 1
end

if ARGV[2] == 'accepted' then
  local back = tonumber(ARGV[9])
  local gaveBack = 0
  if back > 0 then gaveBack = giveBack(back, math.floor(rateCost * back / units)) end
  if not claimed or ARGV[6] == '' or record[1] then return gaveBack end
  redis.call('HSET', KEYS[2], 'fingerprint', ARGV[5], 'attempt', ARGV[4], 'lease', whole(now), 'response', ARGV[6],
    'reservation', ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[8])
  return 1
end

local mine = claimed and record[3] and cjson.decode(record[3])[1] == id
if mine and (record[1] or tonumber(record[2]) > tonumber(ARGV[4])) then return 0 end
if giveBack(units, rateCost) == 0 then return 0 end
if mine then redis.call('DEL', KEYS[2]) end
return 1
`
