-- KEYS: answers, ends. ARGV: 2 place; 3 record; 4 now and 5 its end, in milliseconds.
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[2])
local left = tonumber(ARGV[5]) - tonumber(ARGV[4])
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, left) end
end
return {'done', false}
