import { idempotencyMs, leaseMs } from '../../domain/admission.ts'

/**
 * Admission in Redis: the decision of `domain/decide.ts` written again in Lua 5.1, with the reads and writes around
 * it, in one atomic step. Redis 6.2 is enough: no command and no option here is newer.
 *
 * KEYS  1 profile, 2 usage, 3 idempotency record, 4 nonce (3 and 4 always named, touched only with a claim, a nonce)
 * ARGV  1 now (ms; '' asks Redis's own clock), 2 reservation, 3 key id, 4 environment, 5 api ('': none), 6 units,
 *       7 address, 8 time zone, 9 day id, 10 day start, 11 day end, 12 month id, 13 month end, 14 fingerprint ('': no
 *       claim), 15 for how many ms to remember the nonce ('': none),
 *       16 the default way ('': none, '?': ask)
 *
 * It cannot know the calendar, so the caller sends the windows it believes in; where they do not hold the clock's
 * instant, or belong to another time zone, the answer is {'windows', now, zone} and the caller asks again.
 *
 * Redis takes a Lua number as a reply's integer and as a command's argument with all 53 bits of a double, so only what
 * Lua itself turns into text needs a format.
 */
export const admitLua = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local units = tonumber(ARGV[6])
local environment = ARGV[4]

local p = redis.call('HMGET', KEYS[1], 'state', 'zone', 'key:' .. ARGV[3], 'quota:' .. environment,
  'way:' .. environment .. ':' .. ARGV[5])
if not p[1] or not p[3] then return {'refused', now, 'credentials-invalid'} end
if p[1] ~= 'active' then return {'refused', now, 'customer-suspended'} end
if p[2] ~= ARGV[8] or now < tonumber(ARGV[10]) or now >= tonumber(ARGV[11]) then return {'windows', now, p[2]} end

if p[3] ~= environment then
  local keyEnvironment, notBefore, expires, revoked, ranges = string.match(p[3], '^([^|]*)|?([^|]*)|?([^|]*)|?([^|]*)|?(.*)$')
  if revoked ~= '' then return {'refused', now, 'key-revoked'} end
  if notBefore ~= '' and now < tonumber(notBefore) then return {'refused', now, 'key-not-yet-valid'} end
  if expires ~= '' and now >= tonumber(expires) then return {'refused', now, 'key-expired'} end
  if keyEnvironment ~= environment then return {'refused', now, 'environment-mismatch'} end
  if ranges ~= '' then
    local inside = false
    for from, to in string.gmatch(ranges, '(%x+)-(%x+)') do
      if ARGV[7] >= from and ARGV[7] <= to then inside = true end
    end
    if not inside then return {'refused', now, 'ip-not-allowed'} end
  end
end

local way = p[5]
if ARGV[5] ~= '' and not way then
  if ARGV[16] == '?' then return {'unrouted', now} end
  if ARGV[16] ~= '' then way = ARGV[16] end
end

if ARGV[15] ~= '' and not redis.call('SET', KEYS[4], '1', 'NX', 'PX', ARGV[15]) then
  return {'refused', now, 'nonce-reused'}
end

local claimed = ARGV[14] ~= ''
local record
if claimed then
  record = redis.call('HMGET', KEYS[3], 'fingerprint', 'attempt', 'lease', 'response', 'reservation')
  if record[1] then
    if record[1] ~= ARGV[14] then return {'refused', now, 'idempotency-key-reused'} end
    if record[4] then return {'replay', now, record[4]} end
    if now < tonumber(record[3]) then
      return {'refused', now, 'idempotency-in-progress', tonumber(record[3]) - now}
    end
  else
    record = nil
  end
end

if ARGV[5] ~= '' and not way then return {'refused', now, 'route-missing'} end
if not p[4] then return {'refused', now, 'quota-missing'} end
local rate, burst, dayLimit, monthLimit = string.match(p[4], '^([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
rate = tonumber(rate)
burst = tonumber(burst)
dayLimit = tonumber(dayLimit)
monthLimit = tonumber(monthLimit)

local u = redis.call('HMGET', KEYS[2], 'tat', 'day', 'dayUsed', 'month', 'monthUsed')
local tat = tonumber(u[1] or '0')
local day, dayUsed = u[2] or '', tonumber(u[3] or '0')
local month, monthUsed = u[4] or '', tonumber(u[5] or '0')
if ARGV[9] > day then day, dayUsed = ARGV[9], 0 end
if ARGV[12] > month then month, monthUsed = ARGV[12], 0 end

if record then
  local attempt = tonumber(record[2]) + 1
  redis.call('HSET', KEYS[3], 'attempt', attempt, 'lease', now + ${leaseMs})
  redis.call('PEXPIRE', KEYS[3], ${idempotencyMs})
  return {'resumed', now, way or '', attempt, record[5], p[4], tat, day, dayUsed, month, monthUsed}
end

local nowUs = now * 1000
local rateCost = 0
if units > 0 then
  if (rate and units > burst) or (dayLimit and units > dayLimit) or (monthLimit and units > monthLimit) then
    return {'refused', now, 'units-exceed-limit', '', p[4], tat, day, dayUsed, month, monthUsed}
  end
  if rate then
    rateCost = math.floor(units * 1000000 / rate + 0.5)
    local late = math.max(tat, nowUs) + rateCost - nowUs - math.floor(burst * 1000000 / rate + 0.5)
    if late > 0 then return {'refused', now, 'rate-exceeded', math.ceil(late / 1000), p[4], tat, day, dayUsed, month, monthUsed} end
  end
  if dayLimit and dayUsed + units > dayLimit then
    return {'refused', now, 'day-quota-exceeded', tonumber(ARGV[11]) - now, p[4], tat, day, dayUsed, month, monthUsed}
  end
  if monthLimit and monthUsed + units > monthLimit then
    return {'refused', now, 'month-quota-exceeded', tonumber(ARGV[13]) - now, p[4], tat, day, dayUsed, month, monthUsed}
  end
  if rateCost > 0 then tat = math.max(tat, nowUs) + rateCost end
  dayUsed = dayUsed + units
  monthUsed = monthUsed + units
  redis.call('HSET', KEYS[2], 'tat', tat, 'day', day, 'dayUsed', dayUsed, 'month', month, 'monthUsed', monthUsed)
end
if claimed then
  -- cjson writes large numbers with an exponent, so they go in as text.
  local reservation = cjson.encode({ARGV[2], string.format('%.0f', units), day, month,
    string.format('%.0f', rateCost), string.format('%.0f', now)})
  redis.call('HSET', KEYS[3], 'fingerprint', ARGV[14], 'attempt', 1, 'lease', now + ${leaseMs},
    'reservation', reservation)
  redis.call('PEXPIRE', KEYS[3], ${idempotencyMs})
end
return {'admitted', now, way or '', p[4], tat, day, dayUsed, month, monthUsed}
`
