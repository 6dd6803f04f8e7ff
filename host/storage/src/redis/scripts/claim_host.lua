-- KEYS: hosts. ARGV: 2 host; 3 tenant; 4 the tenant it may push out, or ''. Answers with the tenant that has the host already.
local held = redis.call('HGET', KEYS[1], ARGV[2])
if held and held ~= ARGV[3] and held ~= ARGV[4] then return {'exists', held} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return {'done', false}
