-- KEYS: log, sizes. ARGV: 2 name of a batch; 3 its record; 4 position of its last record; 5 how many there are, none where only the position
-- is restored; 6 when it was stored; 7 milliseconds that both stay. What is there already stays as it is.
local last = tonumber(ARGV[4])
local known = tonumber(redis.call('HGET', KEYS[2], 'next') or '0')
if tonumber(ARGV[5]) > 0 and last >= known then
  redis.call('XADD', KEYS[1], ARGV[4] .. '-0', 'id', ARGV[2], 'n', ARGV[5], 'at', ARGV[6], 'batch', ARGV[3])
  redis.call('HINCRBY', KEYS[2], 'bytes', #ARGV[3])
  redis.call('HINCRBY', KEYS[2], 'records', ARGV[5])
  redis.call('HSETNX', KEYS[2], 'oldest', ARGV[6])
end
if last >= known then redis.call('HSET', KEYS[2], 'next', string.format('%.0f', last + 1)) end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return {'done', false}
