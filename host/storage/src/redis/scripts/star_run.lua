-- KEYS: runs, ring. ARGV: 2 id; 3 whether it is starred now. Answers with the record.
local record = redis.call('HGET', KEYS[1], ARGV[2])
if not record then return {'missing', false} end
if ARGV[3] == '1' then
  redis.call('ZREM', KEYS[2], ARGV[2])
else
  redis.call('ZADD', KEYS[2], 0, ARGV[2])
end
return {'done', record}
