-- KEYS: functions, names, versions, numbers. ARGV: 2 name; 3, 4 bounds of its numbers.
if redis.call('HDEL', KEYS[1], ARGV[2]) == 0 then return {'missing', false} end
redis.call('ZREM', KEYS[2], ARGV[2])
for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[4], ARGV[3], ARGV[4])) do
  redis.call('HDEL', KEYS[3], ARGV[2] .. ' ' .. string.match(member, '%S+$'))
  redis.call('ZREM', KEYS[4], member)
end
return {'done', false}
