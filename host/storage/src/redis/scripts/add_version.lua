-- KEYS: functions, versions, numbers. ARGV: 2 function; 3 field of the version; 4 the function's record that must be there; 5 the
-- one that takes its place; 6 the version's record; 7 its member of numbers. Answers with the version that is there already.
local known = redis.call('HGET', KEYS[2], ARGV[3])
if known then return {'exists', known} end
local held = redis.call('HGET', KEYS[1], ARGV[2])
if not held then return {'missing', false} end
if held ~= ARGV[4] then return {'conflict', false} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[5])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[6])
redis.call('ZADD', KEYS[3], 0, ARGV[7])
return {'done', false}
