-- KEYS: functions. ARGV: 2 name; 3 the record that must be there; 4 the one that takes its place.
local held = redis.call('HGET', KEYS[1], ARGV[2])
if not held then return {'missing', false} end
if held ~= ARGV[3] then return {'conflict', false} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
return {'done', false}
