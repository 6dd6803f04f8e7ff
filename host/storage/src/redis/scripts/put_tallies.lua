-- KEYS: tenant, parts, windows. ARGV: 2 place; 3 start of its window; 4 record; 5 the second at which the window closes, or nothing;
-- 6 seconds that parts are kept. `conflict` with what is there where the window is closed.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'missing', false} end
local second = tonumber(now[1])
if ARGV[5] ~= '' and second >= tonumber(ARGV[5]) then return {'conflict', redis.call('HGET', KEYS[2], ARGV[2])} end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
for _, place in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', second - tonumber(ARGV[6]) - 1, 'LIMIT', 0, 100)) do
  redis.call('HDEL', KEYS[2], place)
  redis.call('ZREM', KEYS[3], place)
end
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('EXPIRE', KEYS[3], ARGV[6])
return {'done', false}
