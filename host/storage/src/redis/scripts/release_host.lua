-- KEYS: hosts. ARGV: 2 host; 3 the tenant that must have it.
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return {'missing', false} end
redis.call('HDEL', KEYS[1], ARGV[2])
return {'done', false}
