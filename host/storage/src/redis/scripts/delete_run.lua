-- KEYS: runs, order, ring. ARGV[2]: id.
if redis.call('HDEL', KEYS[1], ARGV[2]) == 0 then return {'missing', false} end
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[2])
return {'done', false}
