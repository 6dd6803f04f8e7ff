-- KEYS: one. ARGV: 2 the value that must be there; 3 the one that takes its place.
local held = redis.call('GET', KEYS[1])
if not held then return {'missing', false} end
if held ~= ARGV[2] then return {'conflict', false} end
redis.call('SET', KEYS[1], ARGV[3])
return {'done', false}
