-- KEYS: functions, versions, numbers. ARGV: 2 function; 3 field of the version; 4 the function's record that must be there; 5 the
-- one that takes its place; 6 the version's member of numbers.
local held = redis.call('HGET', KEYS[1], ARGV[2])
if not held then return {'missing', false} end
if held ~= ARGV[4] then return {'conflict', false} end
if redis.call('HDEL', KEYS[2], ARGV[3]) == 0 then return {'missing', false} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[5])
redis.call('ZREM', KEYS[3], ARGV[6])
return {'done', false}
