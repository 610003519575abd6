/**
 * Replaces or removes a profile if nobody changed it meanwhile, and appends to its audit log, in one atomic step.
 *
 * KEYS  1 profile, 2 history
 * ARGV  1 expected version ('': must not exist), 2 audit entry (JSON), 3… the profile's fields and values (none: remove)
 * Answers 1, or 0 when the version is another.
 */
export const saveLua = `
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
-- Lua's stack holds some 8,000 values, and what fails after DEL is not undone.
for first = 3, #ARGV, 1000 do redis.call('HSET', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV))) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*', 'entry', ARGV[2])
return 1
`

/**
 * Replaces a shared document if nobody changed it meanwhile.
 *
 * KEYS  1 document, 2 history
 * ARGV  1 expected version ('': must not exist), 2 new version, 3 text, 4 audit entry (JSON; '': none)
 * Answers 1, or 0 when the version is another.
 */
export const saveDocumentLua = `
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'text', ARGV[3])
if ARGV[4] ~= '' then redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*', 'entry', ARGV[4]) end
return 1
`
