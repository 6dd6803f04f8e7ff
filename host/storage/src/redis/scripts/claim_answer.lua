-- KEYS: answers, ends. ARGV: 2 place; 3 record of the claim; 4 now and 5 its end, in milliseconds; 6 how many may be kept. Answers
-- with the record that has the place; `conflict` where there are too many.
for _, place in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[4], 'LIMIT', 0, 100)) do
  redis.call('HDEL', KEYS[1], place)
  redis.call('ZREM', KEYS[2], place)
end
local ends = redis.call('ZSCORE', KEYS[2], ARGV[2])
if ends and tonumber(ends) > tonumber(ARGV[4]) then return {'exists', redis.call('HGET', KEYS[1], ARGV[2])} end
if not ends and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6]) then return {'conflict', false} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[2])
-- Both go when the last of them has ended.
local left = tonumber(ARGV[5]) - tonumber(ARGV[4])
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, left) end
end
return {'done', false}
