import {
  idempotencyMs,
  leaseMs,
  messagePeriodMs,
  messagePeriods,
  reconcileAfterMs,
  reconcileEveryMs,
} from '../../domain/admission.ts'
import { countLua } from './parts.lua.ts'

/**
 * Admission in Redis: the decision of `domain/decide.ts` written again in Lua 5.1, with the reads and writes around
 * it, in one atomic step. Redis 6.2 is enough: no command and no option here is newer.
 *
 * KEYS  1 profile, 2 usage, 3 counters, then the idempotency record (with a claim only), then the sets of accepted messages of this period
 *       and those before it (with message ids only), then the nonce (with a nonce only): while a
 *       slot of a cluster migrates, a script that names a key that is not there is refused with TRYAGAIN
 *       (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#multi-key-operations)
 * ARGV  1 now (ms; '' asks Redis's own clock), 2 reservation, 3 key id, 4 environment, 5 api ('': none), 6 units,
 *       7 address, 8 time zone, 9 day id, 10 day start, 11 day end, 12 month id, 13 month end, 14 fingerprint ('': no
 *       claim), 15 for how many ms to remember the nonce ('': none),
 *       16 the default way ('': none, '?': ask), 17 plan ('': none), 18 trace, 19 '1': recall,
 *       20 key of the claim, 21 version of the sending policy ('': not asked, '?': none is known), 22 ids of the messages, separated
 *       by commas, and 23 the current period (both '': no ids), 24 the units of each message, separated by commas ('': one each), and
 *       25 the kind of each ('': not known), or one kind for all
 *
 * A frozen registry answers {'frozen'} before anything is used up, such as a nonce.
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
local claimed = ARGV[14] ~= ''
local recordKey = KEYS[4]
local environment = ARGV[4]

${countLua}
local function refuse(...)
  count(KEYS[3], ARGV[11], {['r|' .. ARGV[5] .. '|' .. select(1, ...)] = 1})
  return {'refused', now, ...}
end

local p = redis.call('HMGET', KEYS[1], 'state', 'zone', 'key:' .. ARGV[3], 'quota:' .. environment,
  'way:' .. environment .. ':' .. ARGV[5], 'policy', 'frozen')
if p[7] then return {'frozen'} end
if not p[1] or not p[3] then return {'refused', now, 'credentials-invalid'} end
local ids = {}
for id in string.gmatch(ARGV[22] or '', '[^,]+') do ids[#ids + 1] = id end
if #ids > 0 and tonumber(ARGV[23]) ~= math.floor(now / ${messagePeriodMs}) then return {'windows', now, p[2]} end
if p[2] ~= ARGV[8] or now < tonumber(ARGV[10]) or now >= tonumber(ARGV[11]) then return {'windows', now, p[2]} end
if p[1] ~= 'active' then return refuse('customer-suspended') end

if p[3] ~= environment then
  local keyEnvironment, notBefore, expires, revoked, ranges = string.match(p[3], '^([^|]*)|?([^|]*)|?([^|]*)|?([^|]*)|?(.*)$')
  if revoked ~= '' then return refuse('key-revoked') end
  if notBefore ~= '' and now < tonumber(notBefore) then return refuse('key-not-yet-valid') end
  if expires ~= '' and now >= tonumber(expires) then return refuse('key-expired') end
  if keyEnvironment ~= environment then return refuse('environment-mismatch') end
  if ranges ~= '' then
    local inside = false
    for from, to in string.gmatch(ranges, '(%x+)-(%x+)') do
      if ARGV[7] >= from and ARGV[7] <= to then inside = true end
    end
    if not inside then return refuse('ip-not-allowed') end
  end
end

-- A profile that another version wrote has no such field: the caller adds it, and asks again.
if ARGV[21] ~= '' and ARGV[19] ~= '1' and p[6] ~= ARGV[21] then
  local profile = redis.call('HMGET', KEYS[1], 'version', 'document')
  return {'policy', now, p[6] or '', profile[1], profile[2]}
end

local way = p[5]
if ARGV[5] ~= '' and not way then
  if ARGV[16] == '?' then return {'unrouted', now} end
  if ARGV[16] ~= '' then way = ARGV[16] end
end

if ARGV[15] ~= '' and not redis.call('SET', KEYS[#KEYS], '1', 'NX', 'PX', ARGV[15]) then
  return refuse('nonce-reused')
end

local record
if claimed then
  record = redis.call('HMGET', recordKey, 'fingerprint', 'attempt', 'lease', 'response', 'reservation', 'plan')
  if record[1] then
    if record[1] ~= ARGV[14] then return refuse('idempotency-key-reused') end
    if record[4] then return {'replay', now, record[4], record[6]} end
    if now < tonumber(record[3]) then
      return refuse('idempotency-in-progress', tonumber(record[3]) - now)
    end
  else
    record = nil
    if ARGV[19] == '1' then return {'unrecorded', now} end
  end
end

if ARGV[5] ~= '' and not way then return refuse('route-missing') end
if not p[4] then return refuse('quota-missing') end
local rate, burst, dayLimit, monthLimit = string.match(p[4], '^([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
rate = tonumber(rate)
burst = tonumber(burst)
dayLimit = tonumber(dayLimit)
monthLimit = tonumber(monthLimit)

local u = redis.call('HMGET', KEYS[2], 'tat', 'day', 'dayUsed', 'month', 'monthUsed', 'zone', 'reconcileAt')
local tat = tonumber(u[1] or '0')
local day, dayUsed = u[2] or '', tonumber(u[3] or '0')
local month, monthUsed = u[4] or '', tonumber(u[5] or '0')
local zone = u[6] or ''
local writes = {}
local function write(...) for _, value in ipairs({...}) do writes[#writes + 1] = value end end

if day ~= ARGV[9] or month ~= ARGV[12] or zone ~= ARGV[8] then
  local sameZone = zone == '' or zone == ARGV[8]
  local ends = redis.call('HMGET', KEYS[2], 'dayEnd', 'monthEnd')
  local function current(period, id, used, window, windowEnd, storedEnd)
    local over
    if sameZone then over = window > id else over = now >= tonumber(storedEnd or '0') end
    if over then
      write(period, window, period .. 'Back', 0, period .. 'Since', now, period .. 'End', windowEnd)
      return window, 0
    end
    if sameZone and window ~= id then return id, used end
    write(period, window, period .. 'End', windowEnd)
    return window, used
  end
  day, dayUsed = current('day', day, dayUsed, ARGV[9], ARGV[11], ends[1])
  month, monthUsed = current('month', month, monthUsed, ARGV[12], ARGV[13], ends[2])
  write('zone', ARGV[8])
  -- Whether or not units are taken: from now on the count ends with the day and the month of the new zone.
  if not sameZone then redis.call('HSET', KEYS[2], 'dayUsed', dayUsed, 'monthUsed', monthUsed, unpack(writes)) end
end

local reconcile = 0
if u[7] and u[7] ~= '0' and now >= tonumber(u[7]) then
  reconcile = 1
  redis.call('HSET', KEYS[2], 'reconcileAt', now + ${reconcileEveryMs})
end

-- Of each message: n, new to this reservation; k, known; o, held by another reservation or by none.
local letters, fresh, heavy, isHeavy = '', {}, {}, false
local kinds, freshKinds = listOf(ARGV[25]), {}
if #ids > 0 then
  local owner = ''
  if record then owner = cjson.decode(record[5])[1] end
  local names = {}
  for at, id in ipairs(ids) do names[at] = 'message:' .. id end
  local holders = redis.call('HMGET', KEYS[2], unpack(names))
  local first = claimed and 5 or 4
  local known = {}
  for set = first, first + ${messagePeriods} do
    for at, found in ipairs(redis.call('SMISMEMBER', KEYS[set], unpack(ids))) do known[at] = known[at] or found == 1 end
  end
  local list, weights = {}, listOf(ARGV[24])
  units = 0
  for at, id in ipairs(ids) do
    local letter = 'o'
    if not holders[at] and known[at] then letter = 'k'
    elseif holders[at] == owner or (owner == '' and not holders[at]) then
      letter = 'n'
      fresh[#fresh + 1] = id
      heavy[#fresh] = tonumber(weights[at] or 1)
      freshKinds[#fresh] = kindAt(kinds, at)
      units = units + heavy[#fresh]
      isHeavy = isHeavy or heavy[#fresh] ~= 1
    end
    list[at] = letter
  end
  letters = table.concat(list)
end

if record then
  local attempt = tonumber(record[2]) + 1
  redis.call('HSET', recordKey, 'attempt', attempt, 'lease', now + ${leaseMs})
  redis.call('PEXPIRE', recordKey, ${idempotencyMs})
  return {'resumed', now, way or '', attempt, record[5], p[4], tat, day, dayUsed, month, monthUsed, reconcile, record[6], letters}
end

local nowUs = now * 1000
local rateCost = 0
local function refused(reason, retry)
  return refuse(reason, retry, p[4], tat, day, dayUsed, month, monthUsed, reconcile)
end
if #ids > 0 and not string.find(letters, '[nk]') then return refused('idempotency-in-progress', ${leaseMs}) end
if units > 0 then
  if (rate and units > burst) or (dayLimit and units > dayLimit) or (monthLimit and units > monthLimit) then
    return refused('units-exceed-limit', '')
  end
  if rate then
    rateCost = math.floor(units * 1000000 / rate + 0.5)
    local late = math.max(tat, nowUs) + rateCost - nowUs - math.floor(burst * 1000000 / rate + 0.5)
    if late > 0 then return refused('rate-exceeded', math.ceil(late / 1000)) end
  end
  if dayLimit and dayUsed + units > dayLimit then return refused('day-quota-exceeded', tonumber(ARGV[11]) - now) end
  if monthLimit and monthUsed + units > monthLimit then return refused('month-quota-exceeded', tonumber(ARGV[13]) - now) end
  if rateCost > 0 then tat = math.max(tat, nowUs) + rateCost end
  dayUsed = dayUsed + units
  monthUsed = monthUsed + units
  if not u[7] or u[7] == '0' then write('reconcileAt', now + ${reconcileAfterMs}) end
  -- Allows the units to be given back if the gateway crashes. Removed by the settlement.
  local open = string.format('%.0f|%.0f|%.0f|', units, rateCost, now) .. ARGV[20] .. '|' .. ARGV[14] .. '|' .. ARGV[18]
  if #ids > 0 then
    open = open .. '\\n' .. table.concat(fresh, ',')
    if isHeavy or #kinds > 0 then open = open .. '\\n' .. (isHeavy and table.concat(heavy, ',') or '') end
    if #kinds > 0 then open = open .. '\\n' .. oneKind(freshKinds) end
    for _, id in ipairs(fresh) do write('message:' .. id, ARGV[2]) end
  end
  local sums = {}
  if #ids == 0 then share(sums, 'au', units, kinds, listOf(ARGV[24]), 0, {}) end
  for place, weight in ipairs(heavy) do tally(sums, 'au', freshKinds[place], 1, weight) end
  count(KEYS[3], ARGV[11], sums)
  redis.call('HSET', KEYS[2], 'tat', tat, 'dayUsed', dayUsed, 'monthUsed', monthUsed, 'open:' .. ARGV[2], open, unpack(writes))
end
if claimed then
  -- cjson writes large numbers with an exponent, so they go in as text.
  local reservation = cjson.encode({ARGV[2], string.format('%.0f', units), day, month,
    string.format('%.0f', rateCost), string.format('%.0f', now), #ids > 0 and 'keyed' or nil})
  redis.call('HSET', recordKey, 'fingerprint', ARGV[14], 'attempt', 1, 'lease', now + ${leaseMs},
    'reservation', reservation)
  if ARGV[17] ~= '' then redis.call('HSET', recordKey, 'plan', ARGV[17]) end
  redis.call('PEXPIRE', recordKey, ${idempotencyMs})
end
return {'admitted', now, way or '', p[4], tat, day, dayUsed, month, monthUsed, reconcile, letters}
`
