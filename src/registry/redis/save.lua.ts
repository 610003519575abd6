/**
 * Replaces or removes a profile if it was not changed in the meantime, and appends to its audit log, in one atomic step. A removed
 * customer's id is retired, and refused until it may be used again.
 *
 * KEYS  1 profile, 2 history, 3 retired
 * ARGV  1 expected version ('': must not exist), 2 audit entry (JSON), 3 now (ms; '' asks Redis's own clock),
 *       4 how long to retire a removed id (ms), 5… the profile's fields and values (none: remove)
 * Answers 1, or 0 when the version is another, or until when (ms) the id is retired, or -1 when the registry is frozen.
 */
export const saveLua = `
if redis.call('HEXISTS', KEYS[1], 'frozen') == 1 then return -1 end
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then return 0 end
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
if ARGV[1] == '' then
  local retired = tonumber(redis.call('GET', KEYS[3]) or '0')
  if now < retired then return retired end
end
redis.call('DEL', KEYS[1])
if #ARGV == 4 then
  redis.call('SET', KEYS[3], string.format('%.0f', now + tonumber(ARGV[4])), 'PX', ARGV[4])
end
-- Lua's stack holds some 8,000 values, and what fails after DEL is not undone.
for first = 5, #ARGV, 1000 do redis.call('HSET', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV))) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*', 'entry', ARGV[2])
return 1
`

/**
 * Adds the version of the sending policy to a profile that was written without it, unless the profile was changed.
 *
 * KEYS  1 profile
 * ARGV  1 the profile's version, 2 the policy's
 */
export const savePolicyLua = `
if redis.call('HGET', KEYS[1], 'version') == ARGV[1] then redis.call('HSETNX', KEYS[1], 'policy', ARGV[2]) end
return 1
`

/**
 * Replaces a shared document if it was not changed in the meantime.
 *
 * KEYS  1 document, 2 history, 3 the document that says whether the registry is frozen
 * ARGV  1 expected version ('': must not exist), 2 new version, 3 text, 4 audit entry (JSON; '': none)
 * Answers 1, or 0 when the version is another, or -1 when the registry is frozen.
 */
export const saveDocumentLua = `
if redis.call('EXISTS', KEYS[3]) == 1 then return -1 end
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'text', ARGV[3])
if ARGV[4] ~= '' then redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*', 'entry', ARGV[4]) end
return 1
`
