-- KEYS: tenant, runs, order, ring. ARGV: 2 id; 3 record; 4 whether it is starred; 5 how many unstarred ones to keep.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
local known = redis.call('ZSCORE', KEYS[3], ARGV[2])
local starred = ARGV[4] == '1' or (known and not redis.call('ZSCORE', KEYS[4], ARGV[2]))
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], 0, ARGV[2])
if starred then
  redis.call('ZREM', KEYS[4], ARGV[2])
else
  redis.call('ZADD', KEYS[4], 0, ARGV[2])
end
-- All scores are the same, so ranks are in the order of the ids, which is that of time.
local surplus = redis.call('ZCARD', KEYS[4]) - tonumber(ARGV[5])
if surplus > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, surplus - 1)) do
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
    redis.call('ZREM', KEYS[4], id)
  end
end
return {'done', false}
