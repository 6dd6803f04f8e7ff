-- KEYS: tenants. ARGV: 2, 3 bounds of the members with this slug; 4 the member to add; 5 the member it may push out, or ''.
-- Answers with the member that has the slug already.
local held = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], ARGV[3])[1]
if held and held ~= ARGV[5] then return {'exists', held} end
if held then redis.call('ZREM', KEYS[1], held) end
redis.call('ZADD', KEYS[1], 0, ARGV[4])
return {'done', false}
